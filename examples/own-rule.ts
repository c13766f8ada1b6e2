/**
 * Differentiates a graph with an operator that has no gradient rule yet, by giving it one.
 * In a checkout: npx tsx examples/own-rule.ts
 */
import { annotate, differentiate, emptyModel, float32, GraphBuilder, gradientRules } from "espalier";
import { nodeEngine } from "espalier/node";

const model = emptyModel("sum of sines");
model.inputs.push({ name: "x", dtype: "float32", shape: [3] });
const graph = new GraphBuilder(model);
graph.emit("ReduceSum", [graph.emit("Sin", ["x"])], { keepdims: { kind: "int", value: 0 } }, "loss");
model.outputs.push({ name: "loss" });

// d sin(x) / dx = cos(x)
const rules = new Map(gradientRules).set("Sin", ({ graph, inputs: [x], gradient }) => [
  graph.emit("Mul", [gradient, graph.emit("Cos", [x])]),
]);
const engine = nodeEngine();
const { model: both, gradients } = differentiate(await annotate(engine, model, {}), "loss", ["x"], rules);
const gradient = gradients.get("x") ?? "";
both.outputs.push({ name: gradient });

const program = await engine.compile(both);
const outputs = await program.run({ x: float32([3], Float32Array.of(0, Math.PI / 3, Math.PI)) });
console.log(outputs.loss.data, outputs[gradient].data);
await program.release();
