/**
 * Which formulation of a convolution's filter gradient is fastest, shape by shape?
 *
 * Each formulation alone in a graph, in turns, GFLOP/s by the medians; one and two threads.
 */
import Table from "cli-table3";
import {
  channelsLastFilterGradient,
  swappedFilterGradient,
  unfoldedFilterGradient,
} from "../packages/espalier/src/autodiff/conv-filter.ts";
import { differentiate } from "../packages/espalier/src/autodiff/differentiate.ts";
import type { RuleContext } from "../packages/espalier/src/autodiff/rule.ts";
import { gradientRules } from "../packages/espalier/src/autodiff/rules.ts";
import { type Windows, windowsOf } from "../packages/espalier/src/autodiff/window.ts";
import { annotate } from "../packages/espalier/src/engine/annotate.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { attribute, int, ints } from "../packages/espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../packages/espalier/src/onnx/builder.ts";
import { emptyModel } from "../packages/espalier/src/onnx/graph.ts";
import { float32, sizeOf } from "../packages/espalier/src/onnx/tensor.ts";
import { timesOf } from "./measure.ts";

type Formulation = (context: RuleContext, windows: Windows, groups: number) => string;
const formulations: Readonly<Record<string, Formulation>> = {
  swapped: swappedFilterGradient,
  unfolded: unfoldedFilterGradient,
  "channels last": channelsLastFilterGradient,
};

const shapes: readonly {
  name: string;
  input: number[];
  filter: number[];
  stride?: number;
  pad?: number;
  group?: number;
}[] = [
  { name: "LeNet-5 conv1", input: [64, 1, 28, 28], filter: [20, 1, 5, 5] },
  { name: "LeNet-5 conv2", input: [64, 20, 12, 12], filter: [50, 20, 5, 5] },
  { name: "3x3 of 64", input: [16, 64, 32, 32], filter: [64, 64, 3, 3], pad: 1 },
  { name: "AlexNet conv1", input: [8, 3, 227, 227], filter: [96, 3, 11, 11], stride: 4 },
  { name: "AlexNet conv2", input: [8, 96, 27, 27], filter: [256, 48, 5, 5], pad: 2, group: 2 },
  { name: "AlexNet conv3", input: [8, 256, 13, 13], filter: [384, 256, 3, 3], pad: 1 },
  { name: "1x1", input: [16, 64, 28, 28], filter: [64, 64, 1, 1] },
  { name: "depthwise 3x3", input: [16, 64, 28, 28], filter: [64, 1, 3, 3], pad: 1, group: 64 },
];

/** The filter gradient alone, compiled: the output's gradient is an input too. */
async function compile(
  { input, filter, stride = 1, pad = 0, group = 1 }: (typeof shapes)[number],
  threads: number,
  formulation: Formulation,
) {
  const engine = nodeEngine({ threads });
  const model = emptyModel("filter gradient");
  model.inputs.push({ name: "x", dtype: "float32", shape: input }, { name: "w", dtype: "float32", shape: filter });
  const graph = new GraphBuilder(model);
  const attributes = { strides: ints([stride, stride]), pads: ints([pad, pad, pad, pad]), group: int(group) };
  const y = graph.emit("Conv", ["x", "w"], attributes);
  model.outputs = [{ name: y }];
  const dims = (await annotate(engine, model, {})).outputs[0].shape?.map(Number) ?? [];
  model.inputs.push({ name: "g", dtype: "float32", shape: dims });
  graph.emit("ReduceSum", [graph.emit("Mul", [y, "g"])], { keepdims: int(0) }, "loss");
  model.outputs = [{ name: "loss" }];
  const rules = new Map(gradientRules).set("Conv", (context) => {
    const windows = windowsOf(context, context.shape("w").slice(2));
    return [undefined, formulation(context, windows, attribute(context.node, "int", "group", 1))];
  });
  const { model: both, gradients } = differentiate(await annotate(engine, model, {}), "loss", ["w"], rules);
  both.outputs = [{ name: gradients.get("w") ?? "" }];
  const program = await engine.compile(both);
  const random = (shape: readonly number[]) =>
    float32(shape, Float32Array.from({ length: sizeOf(shape) }, Math.random));
  const feeds = { x: random(input), w: random(filter), g: random(dims) };
  return { program, run: () => program.run(feeds), flops: 2 * sizeOf(dims) * sizeOf(filter.slice(1)) };
}

const names = Object.keys(formulations);
for (const threads of [2, 1]) {
  const table = new Table({
    head: [`GFLOP/s, ${threads} threads`, ...names],
    style: { head: [], border: [], compact: true },
  });
  for (const shape of shapes) {
    const cells = [];
    for (const name of names) {
      const { program, run, flops } = await compile(shape, threads, formulations[name]);
      cells.push((flops / median(await timesOf(run, 30, 5)) / 1e6).toFixed(0));
      await program.release();
    }
    table.push([shape.name, ...cells]);
  }
  process.stdout.write(`${table.toString()}\n`);
}
