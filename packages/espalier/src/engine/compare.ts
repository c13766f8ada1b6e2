import { median } from "../median.ts";
import { zeros } from "../onnx/dtype.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { random } from "../random.ts";
import { annotate } from "./annotate.ts";
import type { Engine, Tensors } from "./engine.ts";

/** How two models with the same inputs and first output compare. */
export interface Comparison {
  /** The largest difference between their outputs, relative to the largest output. */
  readonly difference: number;
  /** Median time of one run of each, batch 1. */
  readonly milliseconds: readonly [first: number, second: number];
}

const TURNS = 200;

/** Runs two models on the same random samples, in turns. */
export async function compare(engine: Engine, first: Model, second: Model): Promise<Comparison> {
  const typed = [await annotate(engine, first, { batch: 1 }), await annotate(engine, second, { batch: 1 })];
  const [output] = first.outputs;
  const programs = await Promise.all(typed.map((model) => engine.compile(model)));
  const times: [number[], number[]] = [[], []];
  let largest = 0;
  let difference = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const feeds = samples(typed[0], turn);
    const outputs: (readonly number[])[] = [];
    for (const [i, program] of programs.entries()) {
      const start = performance.now();
      const { data } = (await program.run(feeds))[output.name];
      times[i].push(performance.now() - start);
      outputs.push(Array.from<number | bigint, number>(data, Number));
    }
    const [a, b] = outputs;
    for (let i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i]));
      difference = Math.max(difference, Math.abs(a[i] - b[i]));
    }
  }
  for (const program of programs) await program.release();
  return { difference: difference / (largest || 1), milliseconds: [median(times[0]), median(times[1])] };
}

/** Inputs from the standard normal distribution; integers are zero. */
export function samples(model: TypedModel, turn: number): Tensors {
  const feeds: Tensors = {};
  for (const { name, dtype, shape: dims } of fedInputs(model)) {
    if (dtype === "string") continue;
    const data = zeros(dtype, sizeOf(dims));
    const { normal } = random(turn, "compare", name);
    if (data instanceof Float32Array || data instanceof Float64Array) data.set(Array.from(data, normal));
    feeds[name] = { dtype, dims, data };
  }
  return feeds;
}
