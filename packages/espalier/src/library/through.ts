import { forSamples } from "../adoption/samples.ts";
import { batchOf, type Dataset, type Split } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import { memory, type Storage, type Store } from "../data/store.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { toFloat32 } from "../onnx/half.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { OptionsError } from "../options-error.ts";
import { fedTensors, routesFor } from "../training/feeding.ts";

/** How the outputs of a first network become the samples of a second. */
export interface ThroughOptions {
  /** Every number is multiplied by it, and then the offset is added; default: 1 and 0. */
  readonly scale?: number;
  readonly offset?: number;
  /**
   * Frames in a sample: a frame is the last axis of the output, all axes before it are frames that follow each other.
   * Default: a sample is a whole output.
   */
  readonly frames?: number;
  /** Frames from one sample to the next; default: as many as a sample has. */
  readonly frameHop?: number;
  /** Where the outputs are kept; default: memory. */
  readonly storage?: Storage;
  /** Ends the work before the next sample. */
  readonly signal?: AbortSignal;
}

/** The name of a sample's tensor. */
const FRAMES = "frames";

/**
 * Data as a first network gives it to a second: mel frames, say, for a network that embeds them. The first output is
 * computed once for each sample, one after the other. With `frames` it is a sequence, and windows over it are the
 * samples: over all outputs of a recording where the data says where recordings begin, else over those of each sample.
 * @param first the network that comes before
 * @throws UserError when the data does not fit the network, its output is not float32 or not finite, or there are fewer
 *   frames than a sample has
 */
export async function through(
  engine: Engine,
  first: Model,
  data: Dataset,
  options: ThroughOptions = {},
): Promise<Dataset> {
  if (options.frames === undefined && options.frameHop !== undefined) {
    throw new OptionsError((o) => `${o("frameHop")} is about windows of frames: give ${o("frames")} too.`);
  }
  const typed = await annotate(engine, forSamples(first, data), { batch: 1 });
  const [output] = typed.outputs;
  if (!output || !/^(float|bfloat)/.test(output.dtype)) {
    throw new UserError(
      `The first output of "${first.name}" is no float numbers: choose another network to go through.`,
    );
  }
  const frame = options.frames === undefined ? sizeOf(output.shape) : (output.shape.at(-1) ?? 1);
  const stage: Stage = { typed, output: output.name, data, options, frame, perSample: sizeOf(output.shape) / frame };
  const program = await engine.compile({ ...typed, outputs: [output] });
  try {
    const parts = new Map<Split, Split>();
    const part = async (split: Split): Promise<Split> => {
      const made = parts.get(split) ?? (await splitThrough(program, split, stage));
      parts.set(split, made);
      return made;
    };
    const [, ...rest] = output.shape;
    const shape =
      options.frames === undefined ? (output.shape[0] === 1 ? rest : output.shape) : [options.frames, frame];
    return {
      name: data.name,
      inputs: [{ name: FRAMES, dtype: "float32", shape }],
      targets: options.frames === undefined ? data.targets : [],
      classes: options.frames === undefined ? data.classes : undefined,
      inferred: options.frames === undefined ? data.inferred : undefined,
      train: await part(data.train),
      validation: await part(data.validation),
      test: await part(data.test),
    };
  } finally {
    await program.release();
  }
}

interface Stage {
  readonly typed: TypedModel;
  readonly output: string;
  readonly data: Dataset;
  readonly options: ThroughOptions;
  /** Numbers in a frame, and frames that each sample gives. */
  readonly frame: number;
  readonly perSample: number;
}

async function splitThrough(program: Program, split: Split, stage: Stage): Promise<Split> {
  const { options, frame, perSample } = stage;
  const { frames: window = perSample, frameHop: hop = window, storage = memory } = options;
  const windows = windowsOf(split, stage, window, hop);
  const store = storage(split.size * perSample * frame);
  await fill(store, program, split, stage);
  const size = window * frame;
  return {
    size: windows.length,
    read(indices, into) {
      const target = into[FRAMES];
      for (let i = 0; target instanceof Float32Array && i < indices.length; i++) {
        store.read(windows[indices[i]] * frame, target.subarray(i * size, (i + 1) * size));
      }
      return options.frames === undefined ? split.read(indices, without(into, FRAMES)) : undefined;
    },
  };
}

const without = <Value>(record: Readonly<Record<string, Value>>, name: string) =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));

/** The first frame of each window, of all frames of a split. */
function windowsOf({ size, stream }: Split, { data, perSample }: Stage, window: number, hop: number): Uint32Array {
  const starts = stream?.starts ? Array.from(stream.starts) : Array.from({ length: size }, (_, i) => i);
  const windows = starts.flatMap((start, i) => {
    const end = starts[i + 1] ?? size;
    const count = Math.floor(((end - start) * perSample - window) / hop) + 1;
    return Array.from({ length: Math.max(0, count) }, (_, j) => start * perSample + j * hop);
  });
  if (windows.length > 0) return Uint32Array.from(windows);
  throw new OptionsError(
    (o) =>
      `The longest of ${data.name} has fewer frames than the ${window} of a sample: give longer data, or fewer ${o("frames")}.`,
  );
}

/** Computes the output of each sample, scales it and keeps it. */
async function fill(store: Store, program: Program, split: Split, stage: Stage): Promise<void> {
  const { typed, data, output, options, frame, perSample } = stage;
  const { scale = 1, offset = 0, signal } = options;
  const feed = { inputs: fedInputs(typed), targets: [] };
  const own = routed(split, routesFor(feed, data));
  const { tensors, arrays } = batchOf(fedTensors(feed), 1);
  for (let i = 0; i < split.size; i++) {
    signal?.throwIfAborted();
    await own.read([i], arrays);
    const values = toFloat32((await program.run(tensors))[output])?.data ?? new Float32Array();
    const scaled = values.map((value) => value * scale + offset);
    if (!scaled.every(Number.isFinite)) {
      throw new UserError(
        `"${typed.name}" gives numbers that are not finite for sample ${i} of ${data.name}: leave it out.`,
      );
    }
    store.write(i * perSample * frame, scaled);
  }
}
