import { type Dataset, readInOrder, type Split } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Program, Tensors } from "../engine/engine.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { dependents } from "../onnx/live.ts";
import { splitBefore } from "../onnx/split.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import { checkData } from "../training/check-data.ts";
import { applyMasks, parametersOf } from "../training/parameters.ts";
import { type Evaluation, Tally } from "../training/tally.ts";
import { type Layer, layersOf } from "./layers.ts";
import type { Round } from "./round.ts";
import { runRounds } from "./rounds.ts";
import { layerTable } from "./table.ts";
import { chooseMasks } from "./target.ts";

/** The validation error of a network of which one layer alone is pruned. Errors are percent. */
export interface SensitivityPoint {
  readonly density: number;
  readonly error: number;
  /** Mean softmax cross-entropy. */
  readonly loss: number;
  /** After a short retraining of the whole network, when that was asked for. */
  readonly retrainedError?: number;
}

export interface LayerSensitivity {
  readonly name: string;
  readonly weights: number;
  readonly points: readonly SensitivityPoint[];
}

export interface ScanOptions {
  /** Which layers; default: all. */
  readonly layers?: readonly Layer[];
  /** The densities to try, of all layers or of each by its name. */
  readonly densities: readonly number[] | ((layer: Layer) => readonly number[]);
  /** How to retrain at each point; default: not at all. */
  readonly retrain?: Omit<Round, "name" | "prune"> & { readonly batch: number; readonly seed: number };
  /** Layers that are done already, as {@link ScanOptions.onLayer} gave them. */
  readonly known?: readonly LayerSensitivity[];
  readonly signal?: AbortSignal;
  readonly onLayer?: (layer: LayerSensitivity) => void;
}

export interface Scan {
  readonly layers: readonly LayerSensitivity[];
  /** Passes over the split, in the MACs of one whole forward pass: as it was done, and with nothing used again. */
  readonly cost: { readonly forwardPasses: number; readonly withoutReuse: number };
  readonly aborted: boolean;
}

const BATCH = 250;
/** Activations that are kept between the densities of a layer: 256 MB of float32. */
const MOST_KEPT = 2 ** 26;

/**
 * Measures each layer's sensitivity: accuracy on the validation split against the density of that layer, the others
 * left whole (Han et al., NIPS 2015, figure 6). What lies before the layer is computed once for all densities.
 */
export async function scan(engine: Engine, model: Model, data: Dataset, options: ScanOptions): Promise<Scan> {
  const { retrain, known = [], signal, onLayer } = options;
  const annotated = await annotate(engine, model, { batch: Math.min(BATCH, data.validation.size) });
  checkData(annotated, data);
  const chosen = options.layers ?? layersOf(model);
  const densitiesOf = (layer: Layer) =>
    typeof options.densities === "function" ? options.densities(layer) : options.densities;
  const layers: LayerSensitivity[] = [];
  let aborted = false;
  for (const layer of chosen) {
    const densities = densitiesOf(layer);
    const done = known.find(({ name }) => name === layer.name);
    if (done) {
      layers.push(done);
      continue;
    }
    const measured = await measure(engine, annotated, layer, data.validation, densities);
    const points: SensitivityPoint[] = [];
    for (const [i, density] of densities.entries()) {
      if (signal?.aborted) break;
      const point = { density, error: measured[i].error, loss: measured[i].loss };
      const retrainedError = retrain && (await retrained(engine, model, data, layer.name, density, retrain, signal));
      points.push(retrainedError === undefined ? point : { ...point, retrainedError });
    }
    aborted = signal?.aborted === true;
    if (aborted) break;
    const result = { name: layer.name, weights: layer.tensor.data.length, points };
    layers.push(result);
    onLayer?.(result);
  }
  return { layers, cost: await costOf(engine, model, chosen, (layer) => densitiesOf(layer).length), aborted };
}

/** The network on a split with one layer pruned to each of some densities. */
async function measure(
  engine: Engine,
  model: Model,
  layer: Layer,
  split: Split,
  densities: readonly number[],
): Promise<Evaluation[]> {
  const { prefix, suffix } = splitBefore(model, [layer.weight]);
  suffix.initializers.delete(layer.weight);
  suffix.inputs = [
    ...suffix.inputs.filter(({ name }) => name !== layer.weight),
    { name: layer.weight, dtype: "float32", shape: layer.tensor.dims },
  ];
  const before = prefix.outputs.length > 0 ? await engine.compile(prefix) : undefined;
  const after = await engine.compile(suffix, { resident: [layer.weight] });
  const whole = parametersOf(model, [layer.weight]);
  const pruned = densities.map((density) => {
    const target = { kind: "density", layers: [[layer.name, density]] } as const;
    return applyMasks(whole, chooseMasks(target, [layer], whole)).get(layer.weight) ?? layer.tensor;
  });
  const tallies = densities.map(() => new Tally());
  const [input] = fedInputs(model);
  const output = model.outputs[0].name;
  const border = suffix.inputs.map(({ name }) => name).filter((name) => name !== layer.weight);
  const perBatch = suffix.inputs.reduce((sum, { shape = [] }) => sum + sizeOf(shape.map(Number)), 0);
  try {
    for (const batches of chunks(batchesOf(split, (input.shape ?? []).map(Number)), MOST_KEPT / perBatch)) {
      const kept: Tensors[] = [];
      for (const { inputs } of batches) kept.push(await bordersOf(before, { [input.name]: inputs }, border));
      for (const [i, weights] of pruned.entries()) {
        after.load(layer.weight, weights);
        for (const [j, { labels }] of batches.entries()) {
          tallies[i].add((await after.run(kept[j]))[output], labels);
        }
      }
    }
  } finally {
    await before?.release();
    await after.release();
  }
  return tallies.map((tally) => tally.evaluation());
}

/** The values that the suffix reads, from the prefix or from what is fed. */
async function bordersOf(before: Program | undefined, feeds: Tensors, border: readonly string[]): Promise<Tensors> {
  const computed = { ...feeds, ...(await before?.run(feeds)) };
  return Object.fromEntries(border.map((name) => [name, computed[name]]));
}

/** A split in batches of one size; the last is filled up with samples that have no label. */
function* batchesOf(split: Split, shape: readonly number[]) {
  const [batch] = shape;
  for (let start = 0; start < split.size; start += batch) {
    const count = Math.min(batch, split.size - start);
    const inputs = float32(shape);
    const labels = new Int32Array(count);
    readInOrder(split, start, count, inputs.data, labels);
    yield { inputs, labels };
  }
}

function* chunks<T>(items: Iterable<T>, most: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length + 1 > most) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

async function retrained(
  engine: Engine,
  model: Model,
  data: Dataset,
  layer: string,
  density: number,
  { batch, seed, ...training }: NonNullable<ScanOptions["retrain"]>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const prune = { target: { kind: "density", layers: [[layer, density]] } as const, part: 1 };
  const round: Round = { name: layer, prune, ...training };
  const { results } = await runRounds(engine, model, data, [round], { batch, seed, signal });
  return results.at(0)?.validationError;
}

async function costOf(engine: Engine, model: Model, layers: readonly Layer[], pointsOf: (layer: Layer) => number) {
  const rows = await layerTable(engine, model);
  const all = layersOf(model);
  const total = rows.reduce((sum, { macs }) => sum + macs, 0);
  let macs = 0;
  let withoutReuse = 0;
  for (const layer of layers) {
    const behind = dependents(model.nodes, [layer.weight]);
    const points = pointsOf(layer);
    withoutReuse += points;
    for (const [i, { node }] of all.entries()) macs += rows[i].macs * (behind.has(node.outputs[0]) ? points : 1);
  }
  return { forwardPasses: macs / total, withoutReuse };
}
