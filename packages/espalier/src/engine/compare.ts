import { median } from "../median.ts";
import { zeros } from "../onnx/dtype.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { random } from "../random.ts";
import { annotate } from "./annotate.ts";
import type { Engine, Tensors } from "./engine.ts";

/** How two models with the same inputs and outputs compare. */
export interface Comparison {
  /** The largest difference of an output's elements, relative to the largest of that output. */
  readonly difference: number;
  /** Median time of one run of each, batch 1. */
  readonly milliseconds: readonly [first: number, second: number];
}

/** Turns that are always run, and those that are while they take no longer than this, in milliseconds. */
const LEAST_TURNS = 20;
const TURNS = 200;
const LONGEST = 10_000;

export interface CompareOptions {
  readonly signal?: AbortSignal;
  /** Turns, where times do not matter; default: as many as say something of them. */
  readonly turns?: number;
  /** Called before each turn. */
  readonly onTurn?: (turn: number, turns: number) => void;
}

/**
 * Runs two models on the same random samples, in turns.
 * @throws the signal's reason when it ends the work
 */
export async function compare(
  engine: Engine,
  first: Model,
  second: Model,
  { signal, turns = TURNS, onTurn }: CompareOptions = {},
): Promise<Comparison> {
  const typed = [await annotate(engine, first, { batch: 1 }), await annotate(engine, second, { batch: 1 })];
  const programs = await Promise.all(typed.map((model) => engine.compile(model)));
  const times: [number[], number[]] = [[], []];
  const extents = first.outputs.map(({ name }) => ({ name, largest: 0, apart: 0 }));
  try {
    const began = performance.now();
    for (let turn = 0; turn < turns; turn++) {
      if (turn >= LEAST_TURNS && performance.now() - began > LONGEST) break;
      signal?.throwIfAborted();
      onTurn?.(turn, turns);
      const feeds = samples(typed[0], turn);
      const results: Tensors[] = [];
      for (const [i, program] of programs.entries()) {
        const start = performance.now();
        results.push(await program.run(feeds));
        times[i].push(performance.now() - start);
      }
      for (const extent of extents) {
        const [a, b] = results.map(({ [extent.name]: { data } }) => Array.from<number | bigint, number>(data, Number));
        for (let i = 0; i < a.length; i++) {
          extent.largest = Math.max(extent.largest, Math.abs(a[i]));
          extent.apart = Math.max(extent.apart, Math.abs(a[i] - b[i]));
        }
      }
    }
  } finally {
    for (const program of programs) await program.release();
  }
  const difference = Math.max(0, ...extents.map(({ largest, apart }) => apart / (largest || 1)));
  return { difference, milliseconds: [median(times[0]), median(times[1])] };
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
