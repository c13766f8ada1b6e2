import { forSamples, forStream } from "../adoption/samples.ts";
import type { LearningData } from "../data/dataset.ts";
import { someOf } from "../data/some.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, lookup, type Model } from "../onnx/graph.ts";
import { isFloat32, sizeOf } from "../onnx/tensor.ts";
import { Evaluator } from "../training/evaluate.ts";
import { Histogram } from "./histogram.ts";
import type { Range } from "./range.ts";

/** Samples that tell how numbers are spread; of those that follow each other all are run. */
const SAMPLES = 128;
/** Numbers of a value in a sample that are looked at, evenly spread where there are more. */
const NUMBERS = 2 ** 16;
/** Numbers of all values that are brought out in one run: 128 MB. */
const MOST_NUMBERS = 2 ** 25;

export interface CalibrateOptions {
  readonly signal?: AbortSignal;
  /** Is told what part is done, 0 to 1. */
  readonly onPart?: (part: number) => void;
}

/**
 * Finds the range of each of some values whose codes are nearest to it on training samples. Values are brought out a few
 * at a time, each sample by itself, so that memory does not grow with the network or the data.
 * @throws UserError where one is not finite; the signal's reason
 */
export async function rangesOf(
  engine: Engine,
  model: Model,
  data: LearningData,
  values: readonly string[],
  { signal, onPart }: CalibrateOptions = {},
): Promise<Map<string, Range>> {
  const train = someOf(data.train, SAMPLES);
  const some = { ...data, train, targets: [] };
  const run = train.stream ? forStream(model, data) : forSamples(model, data);
  const known = lookup(await annotate(engine, run, { batch: 1 }));
  const groups = inGroups(values, (name) => sizeOf(known.type(name).dims));
  const ranges = new Map<string, Range>();
  for (const [at, group] of groups.entries()) {
    const seen = copyModel(run);
    const graph = new GraphBuilder(seen, "seen/");
    const histograms = group.map((name) => ({ name, histogram: new Histogram() }));
    seen.outputs = [...run.outputs, ...group.map((name) => ({ name: graph.emit("Identity", [name]) }))];
    const evaluator = await Evaluator.create(engine, seen, some, [], { batch: 1 });
    try {
      let done = 0;
      for await (const { outputs, samples } of evaluator.outputs(train, signal)) {
        for (const [i, tensor] of outputs.slice(-group.length).entries()) {
          if (isFloat32(tensor)) histograms[i].histogram.add(tensor.data, Math.ceil(tensor.data.length / NUMBERS));
        }
        done += samples;
        onPart?.((at + done / train.size) / groups.length);
      }
    } finally {
      await evaluator.release();
    }
    for (const { name, histogram } of histograms) {
      if (!histogram.isFinite) {
        throw new UserError(
          `The value "${name}" of the network "${model.name}" is not finite on samples of ${data.name}: give others, or check its weights.`,
        );
      }
      ranges.set(name, histogram.range());
    }
  }
  return ranges;
}

/** Values in groups of which all numbers have room, in their order. */
function inGroups(values: readonly string[], sizeOf: (name: string) => number): string[][] {
  const groups: string[][] = [];
  let left = 0;
  for (const name of values) {
    const size = sizeOf(name);
    if (groups.length === 0 || size > left) {
      groups.push([]);
      left = MOST_NUMBERS;
    }
    groups[groups.length - 1].push(name);
    left -= size;
  }
  return groups;
}
