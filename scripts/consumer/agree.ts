import { readFileSync } from "node:fs";
import { readModel } from "espalier";
import { nodeEngine } from "espalier/node";
import { Network as SameNetwork } from "espalier/runtime";
import { load, Network } from "espalier-runtime";

// In a project of its own: runs model.esp by the runtime and model.onnx by ONNX Runtime, and prints the engine's name.
if (SameNetwork !== Network) throw new Error("espalier/runtime is another copy of espalier-runtime.");

const x = Float32Array.of(1, -2, 0.5, 3);
const network = await Network.load(await load(new Uint8Array(readFileSync("model.esp"))));
const [input] = network.inputs;
const [output] = network.outputs;
const ours = network.run({ [input]: { dims: [1, 4], data: x } })[output].data;

const engine = nodeEngine({ threads: 1 });
const program = await engine.compile(readModel(readFileSync("model.onnx")));
const theirs = (await program.run({ [input]: { dtype: "float32", dims: [1, 4], data: x } }))[output].data;
await program.release();

const far = [...theirs].some((value, i) => Math.abs(Number(value) - Number(ours[i])) > 1e-5);
if (far || theirs.length !== 3) throw new Error(`The runtime gives ${ours}, ONNX Runtime ${theirs}.`);
console.log(engine.name);
