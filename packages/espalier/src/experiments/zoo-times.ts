import { Network, UnsupportedError } from "espalier-runtime";
import { batchOf, readInOrder } from "../data/dataset.ts";
import type { Tensors } from "../engine/engine.ts";
import { webEngine } from "../engine/web.ts";
import { UserError } from "../errors.ts";
import { median } from "../median.ts";
import { zeros } from "../onnx/dtype.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import type { ShippedNetwork } from "./shipped.ts";

/** Rounds in which both run in turns, and runs in each. */
const TURNS = 5;
const RUNS = 5;

/** Milliseconds of one run, on one thread: the median. */
export interface Times {
  /** In espalier-runtime; undefined where it lacks an operator. */
  readonly runtime?: number;
  readonly web: number;
}

/**
 * How long one sample takes, in turns within one process.
 * @param file the network that is run here, an .esp
 * @param simple the network that onnxruntime-web runs
 */
export async function timesOf(
  network: ShippedNetwork,
  file: Uint8Array,
  simple: Model,
  quick: boolean,
): Promise<Times> {
  const feeds = await sampleOf(network, simple);
  const engine = await webEngine({ threads: 1 });
  const program = await engine.compile(simple);
  const own = await Network.load(file).catch((error: unknown) => {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  });
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    for (let turn = 0; turn < (quick ? 2 : TURNS); turn++) {
      // The first of each turn warms up.
      for (let run = 0; run <= RUNS; run++) {
        const time = await timeOf(() => program.run(feeds));
        if (run > 0) theirs.push(time);
      }
      for (let run = 0; own && run <= RUNS; run++) {
        const time = await timeOf(() => own.run(feeds));
        if (run > 0) ours.push(time);
      }
    }
  } finally {
    own?.release();
    await program.release();
  }
  return { ...(own ? { runtime: median(ours) } : {}), web: median(theirs) };
}

async function timeOf(run: () => unknown): Promise<number> {
  // Signals and timers have a turn between runs.
  await new Promise((resolve) => setTimeout(resolve));
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** The first sample of the test split; what the data has no tensor for, such as a state, is zero. */
export async function sampleOf({ data }: ShippedNetwork, model: Model): Promise<Tensors> {
  const { tensors, arrays } = batchOf(data.inputs, 1);
  await readInOrder(data.test, 0, 1, arrays);
  const given = Object.values(tensors);
  const feeds: Tensors = {};
  for (const [i, { name, shape = [], dtype }] of fedInputs(model).entries()) {
    if (dtype === undefined || dtype === "string") throw new UserError(`The input "${name}" takes no numbers.`);
    const found = tensors[name] ?? given[i];
    const dims = shape.map((dim) => (typeof dim === "number" ? dim : 1));
    feeds[name] = found ? inRank(found, dims) : { dtype, dims, data: zeros(dtype, sizeOf(dims)) };
  }
  return feeds;
}

/** A sample in the shape that the network declares, where that has another rank: [1, 76, 32] as [1, 76, 32, 1]. */
function inRank(sample: NumericTensor, dims: readonly number[]): NumericTensor {
  const isAnother = sample.dims.length !== dims.length && sizeOf(sample.dims) === sizeOf(dims);
  return isAnother ? { ...sample, dims } : sample;
}
