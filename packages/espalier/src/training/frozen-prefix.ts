import { arraySplit } from "../data/array-split.ts";
import { batchFor, batchOf, type LearningData, readInOrder, type Split } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import { memory, type Storage, type Store } from "../data/store.ts";
import { isSequence } from "../data/streams.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { splitBefore } from "../onnx/split.ts";
import { floatsOf, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { fedTensors, routesFor } from "./feeding.ts";
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
  if (suffix.inputs.length !== 1 || border?.dtype !== "float32" || border.shape[0] !== batch) return undefined;
  if (prefix.nodes.some(({ op }) => op === "Dropout")) return undefined;
  if (!prefix.nodes.some(({ inputs }) => inputs.some((name) => frozen.has(name)))) return undefined;
  const sampleShape = border.shape.slice(1);
  const size = sizeOf(sampleShape);
  const all = (data.train.size + data.validation.size) * size;
  const room = all <= most ? memory : storage;
  // Targets are read into memory as they are.
  const targets = data.targets.reduce((sum, { shape }) => sum + (shape.length > 0 ? sizeOf(shape) : 0), 0);
  if (!room || (data.train.size + data.validation.size) * targets > most) return undefined;

  const program = await engine.compile(prefix);
  const stores: Store[] = [];
  const computed = async (split: Split) => {
    const store = room(split.size * size);
    stores.push(store);
    return activations(program, annotated, border.name, store, data, split);
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
    const inputs = [{ name: border.name, dtype: "float32" as const, shape: sampleShape }];
    return { model: rest, data: { ...data, inputs, train, validation }, release };
  } catch (error) {
    release();
    throw error;
  } finally {
    await program.release();
  }
}

/** A split whose samples are what the prefix computes of another's, with the same targets. */
async function activations(
  program: Program,
  annotated: TypedModel,
  output: string,
  store: Store,
  data: LearningData,
  split: Split,
): Promise<Split> {
  const feed = { inputs: fedInputs(annotated), targets: [] };
  const own = routed(split, routesFor(feed, data));
  const [batch] = feed.inputs[0].shape;
  const { tensors, arrays } = batchOf(fedTensors(feed), batch);
  let size = 0;
  for (let start = 0; start < split.size; start += batch) {
    const count = Math.min(batch, split.size - start);
    await readInOrder(own, start, count, arrays);
    const values = floatsOf((await program.run(tensors))[output]);
    size = values.length / batch;
    store.write(start * size, values.subarray(0, count * size));
  }
  const { read: readTargets } = await targetsInMemory(data, split);
  return {
    ...split,
    // The samples themselves are read no more.
    prepare: undefined,
    read(indices, into) {
      const values = into[output];
      for (let i = 0; values instanceof Float32Array && i < indices.length; i++) {
        store.read(indices[i] * size, values.subarray(i * size, (i + 1) * size));
      }
      return readTargets(indices, into);
    },
  };
}

/** The targets of a split, which are read again at each epoch without their samples. */
async function targetsInMemory({ targets }: LearningData, split: Split): Promise<Split> {
  const { arrays } = batchOf(targets, split.size);
  await readInOrder(split, 0, split.size, arrays);
  const own = targets.map(({ name, shape }) => [name, { values: arrays[name], size: sizeOf(shape) }] as const);
  return arraySplit(Object.fromEntries(own), 0, split.size);
}
