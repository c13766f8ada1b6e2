/**
 * Differentiates a graph with an operator that ends gradients, by giving it a rule that lets them pass: the
 * straight-through estimator of rounding.
 * In a checkout: npx tsx examples/own-rule.ts
 */
import { annotate, differentiate, emptyModel, float32, GraphBuilder, gradientRules } from "espalier";
import { nodeEngine } from "espalier/node";

const model = emptyModel("rounded squares");
model.inputs.push({ name: "x", dtype: "float32", shape: [3] });
const graph = new GraphBuilder(model);
const rounded = graph.emit("Round", ["x"]);
graph.emit("ReduceSum", [graph.emit("Mul", [rounded, rounded])], { keepdims: { kind: "int", value: 0 } }, "loss");
model.outputs.push({ name: "loss" });

// As if round(x) were x. A rule writes formulas with `math`: for d sin(x) / dx, `math.mul(gradient, math.cos(x))`.
const rules = new Map(gradientRules).set("Round", ({ gradient }) => [gradient]);
const engine = nodeEngine();
const { model: both, gradients } = differentiate(await annotate(engine, model, {}), "loss", ["x"], rules);
const gradient = gradients.get("x") ?? "";
both.outputs.push({ name: gradient });

const program = await engine.compile(both);
const outputs = await program.run({ x: float32([3], Float32Array.of(0.4, 1.6, -2.5)) });
console.log(outputs.loss.data, outputs[gradient].data);
await program.release();
