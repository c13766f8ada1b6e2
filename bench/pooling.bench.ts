/**
 * What does it cost to know where each maximum of a pooling was found?
 *
 * LeNet-5's first pooling at batch 64: the pooling alone, with the runtime's own places, and with places found by
 * comparing (`src/autodiff/pool-places.ts`); one and two threads, medians.
 */
import Table from "cli-table3";
import { differentiate } from "../packages/espalier/src/autodiff/differentiate.ts";
import { maximumPlaces } from "../packages/espalier/src/autodiff/pool-places.ts";
import { gradientRules } from "../packages/espalier/src/autodiff/rules.ts";
import { windowsOf } from "../packages/espalier/src/autodiff/window.ts";
import { annotate } from "../packages/espalier/src/engine/annotate.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { int, ints } from "../packages/espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../packages/espalier/src/onnx/builder.ts";
import { emptyModel, type Model } from "../packages/espalier/src/onnx/graph.ts";
import { float32, sizeOf } from "../packages/espalier/src/onnx/tensor.ts";
import { timesOf } from "./measure.ts";

const dims = [64, 20, 24, 24];
const window = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };

/** A pooling with the outputs that are asked for: its values, and with `places` where they were found. */
async function pooling(places: "none" | "own" | "compared"): Promise<Model> {
  const model = emptyModel("pooling");
  model.inputs.push({ name: "x", dtype: "float32", shape: dims });
  const graph = new GraphBuilder(model);
  if (places !== "compared") {
    const outputs = graph.emitMany("MaxPool", ["x"], window, places === "own" ? 2 : 1);
    model.outputs = outputs.map((name) => ({ name }));
    return model;
  }
  const pooled = graph.emit("MaxPool", ["x"], window);
  graph.emit("ReduceSum", [pooled], { keepdims: int(0) }, "loss");
  model.outputs = [{ name: "loss" }];
  let found = "";
  const rules = new Map(gradientRules).set("MaxPool", (context) => {
    found = maximumPlaces(context, windowsOf(context, [2, 2]));
    return [context.inputs[0]];
  });
  const typed = await annotate(nodeEngine(), model, {});
  const { model: both } = differentiate(typed, "loss", ["x"], rules);
  both.outputs = [pooled, found].map((name) => ({ name }));
  return both;
}

const x = float32(dims, Float32Array.from({ length: sizeOf(dims) }, Math.random));
const table = new Table({
  head: ["MaxPool 2x2 of [64, 20, 24, 24], ms", "1 thread", "2 threads"],
  colAligns: ["left", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const [title, places] of [
  ["values alone", "none"],
  ["with the runtime's places", "own"],
  ["with compared places", "compared"],
] as const) {
  const model = await pooling(places);
  const cells: string[] = [];
  for (const threads of [1, 2]) {
    const program = await nodeEngine({ threads }).compile(model);
    cells.push(median(await timesOf(() => program.run({ x }), 100)).toFixed(2));
    await program.release();
  }
  table.push([title, ...cells]);
}
process.stdout.write(`${table.toString()}\n`);
