import { batchFor, type LearningData, labelsFor, readInOrder, type Split } from "../data/dataset.ts";
import { memory, type Storage, type Store } from "../data/store.ts";
import { isSequence } from "../data/streams.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { splitBefore } from "../onnx/split.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import { trainableParameters } from "./parameters.ts";

/** What is left to run of a network and its data when a part of it is frozen. */
export interface Learning {
  readonly model: Model;
  readonly data: LearningData;
  /** Frees the room that the data takes. */
  release(): void;
}

export interface PrefixOptions {
  /** Where activations go that are more than memory should hold; default: the prefix is then run at each step. */
  readonly storage?: Storage;
  /** How many numbers memory may hold; default: 512 MB of them. */
  readonly most?: number;
}

/** 512 MB of float32. */
const MOST_IN_MEMORY = 2 ** 27;

/**
 * Runs the layers before everything that is trained once for each sample, and gives the rest of the network with their
 * outputs as its data.
 *
 * Undefined where that is not possible or not worth it: no frozen layer lies before, samples go on where the last ended, dropout there draws anew at each step,
 * more than one value crosses the border, or the activations have no room.
 * @param frozen the parameters that stay as they are
 */
export async function withoutFrozenPrefix(
  engine: Engine,
  model: Model,
  data: LearningData,
  frozen: ReadonlySet<string>,
  { storage, most = MOST_IN_MEMORY }: PrefixOptions = {},
): Promise<Learning | undefined> {
  if (frozen.size === 0 || isSequence(data.train)) return undefined;
  const trained = trainableParameters(model).filter((name) => !frozen.has(name));
  const batch = batchFor(data);
  const annotated = await annotate(engine, model, { batch });
  const { prefix, suffix } = splitBefore(annotated, trained);
  const [border] = prefix.outputs;
  const [input] = fedInputs(annotated);
  if (suffix.inputs.length !== 1 || border?.dtype !== "float32" || border.shape[0] !== batch) return undefined;
  if (prefix.nodes.some(({ op }) => op === "Dropout")) return undefined;
  if (!prefix.nodes.some(({ inputs }) => inputs.some((name) => frozen.has(name)))) return undefined;
  const sampleShape = border.shape.slice(1);
  const size = sizeOf(sampleShape);
  const all = (data.train.size + data.validation.size) * size;
  const room = all <= most ? memory : storage;
  if (!room) return undefined;

  const program = await engine.compile(prefix);
  const { shape } = input;
  const stores: Store[] = [];
  const computed = async (split: Split) => {
    const store = room(split.size * size);
    stores.push(store);
    return activations(program, input.name, shape, border.name, store, size, split);
  };
  const late = new Set(suffix.nodes.map(({ outputs }) => outputs[0]));
  const rest: Model = {
    ...model,
    nodes: model.nodes.filter(({ outputs }) => late.has(outputs[0])),
    inputs: [{ name: border.name, dtype: "float32", shape: ["batch", ...sampleShape] }],
  };
  const release = () => {
    for (const store of stores) store.release();
  };
  try {
    const [train, validation] = [await computed(data.train), await computed(data.validation)];
    return { model: rest, data: { ...data, sampleShape, train, validation }, release };
  } catch (error) {
    release();
    throw error;
  } finally {
    await program.release();
  }
}

/** A split whose samples are what the prefix computes of another's. */
async function activations(
  program: Program,
  input: string,
  shape: readonly number[],
  output: string,
  store: Store,
  size: number,
  split: Split,
): Promise<Split> {
  const [batch] = shape;
  const { labels: each = 1 } = split;
  const labels = labelsFor(split, split.size);
  const samples = float32(shape);
  for (let start = 0; start < split.size; start += batch) {
    const count = Math.min(batch, split.size - start);
    await readInOrder(split, start, count, samples.data, labels.subarray(start * each, (start + count) * each));
    const { data } = (await program.run({ [input]: samples }))[output];
    store.write(start * size, (data as Float32Array).subarray(0, count * size));
  }
  return {
    ...split,
    read(indices, inputs, classes) {
      for (let i = 0; i < indices.length; i++) {
        store.read(indices[i] * size, inputs.subarray(i * size, (i + 1) * size));
        classes.set(labels.subarray(indices[i] * each, (indices[i] + 1) * each), i * each);
      }
    },
  };
}
