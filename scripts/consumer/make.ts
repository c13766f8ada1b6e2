import { writeFileSync } from "node:fs";
import { dense, relu, sequential, writeModel } from "espalier";

// In a project of its own: writes model.onnx with what the package exports.
const model = sequential([dense(8), relu(), dense(3)], { name: "small", input: [4], seed: 1 });
writeFileSync("model.onnx", writeModel(model));
