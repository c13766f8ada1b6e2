import { batchFor, type Dataset } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import type { FloatTensor } from "../onnx/tensor.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import { taskFor } from "../tasks/index.ts";
import type { Measure } from "../tasks/measure.ts";
import type { Task } from "../tasks/task.ts";
import { inFields } from "../tasks/words.ts";
import { applyMasks } from "../training/parameters.ts";
import { evaluateVariants } from "../training/variants.ts";
import type { OnWork } from "../work.ts";
import type { Round, RoundOptions } from "./round.ts";
import { runRounds } from "./rounds.ts";
import { chooseMasks } from "./target.ts";

/** How well a network does on the validation split of which one layer alone is pruned. */
export interface SensitivityPoint {
  readonly density: number;
  /** The task's measure. */
  readonly value: number;
  /** The mean loss. */
  readonly loss: number;
  /** The measure after a short retraining of the whole network, when that was asked for. */
  readonly retrained?: number;
}

/** The measure of a network against the density of one layer. */
export interface LayerSensitivity {
  readonly name: string;
  readonly weights: number;
  readonly points: readonly SensitivityPoint[];
}

/** A layer's sensitivity as JSON has it, in the fields of the measure. */
export function sensitivityFields(measure: Pick<Measure, "name">, { name, weights, points }: LayerSensitivity) {
  return {
    name,
    weights,
    points: points.map(({ density, loss, value, retrained }) => ({
      density,
      ...inFields(measure, { value }),
      loss,
      ...(retrained === undefined ? {} : inFields(measure, { retrained })),
    })),
  };
}

/** What {@link scanLayers} tries of which layers. */
export interface LayerScanOptions {
  /** Which layers; default: all. */
  readonly layers?: readonly Layer[];
  /** The densities to try, of all layers or of each by its name. */
  readonly densities: readonly number[] | ((layer: Layer) => readonly number[]);
  /** How to retrain at each point; default: not at all. */
  readonly retrain?: Omit<Round, "name" | "prune"> & Pick<RoundOptions, "batch" | "seed" | "batchNorm">;
  /** What the network is for; default: what the data says. */
  readonly task?: Task;
  /** Layers that are done already, as {@link LayerScanOptions.onLayer} gave them. */
  readonly known?: readonly LayerSensitivity[];
  readonly signal?: AbortSignal;
  readonly onWork?: OnWork;
  /** Called after each layer. */
  readonly onLayer?: (layer: LayerSensitivity) => void;
}

/** The sensitivities of some layers. */
export interface LayerScan {
  readonly layers: readonly LayerSensitivity[];
  readonly aborted: boolean;
}

/**
 * Measures each layer's sensitivity: the task's measure on the validation split against the density of that layer, the others
 * left whole (Han et al., NIPS 2015, figure 6). What lies before the layer is computed once for all densities.
 */
export async function scanLayers(
  engine: Engine,
  model: Model,
  data: Dataset,
  options: LayerScanOptions,
): Promise<LayerScan> {
  const { retrain, task = taskFor(data), known = [], signal, onLayer, onWork } = options;
  const annotated = await annotate(engine, model, { batch: Math.min(batchFor(data), data.validation.size) });
  const chosen = options.layers ?? layersOf(model);
  const layers: LayerSensitivity[] = [];
  let aborted = false;
  for (const [at, layer] of chosen.entries()) {
    const densities = densitiesFor(layer, options.densities);
    const parts = chosen.length * densities.length;
    onWork?.("Scanning layers", at * densities.length, parts);
    const done = known.find(({ name }) => name === layer.name);
    if (done) {
      layers.push(done);
      continue;
    }
    const pruned = densities.map((density) => prunedTo(layer, density));
    const measured = await evaluateVariants(engine, annotated, layer.weight, pruned, data, task);
    const points: SensitivityPoint[] = [];
    for (const [i, density] of densities.entries()) {
      if (signal?.aborted) break;
      const point = { density, value: measured[i].value, loss: measured[i].loss };
      const again =
        retrain && (await retrained(engine, model, data, layer.name, density, { ...retrain, task }, signal));
      points.push(again === undefined ? point : { ...point, retrained: again });
      onWork?.("Scanning layers", at * densities.length + i + 1, parts);
    }
    aborted = signal?.aborted === true;
    if (aborted) break;
    const result = { name: layer.name, weights: layer.tensor.data.length, points };
    layers.push(result);
    onLayer?.(result);
  }
  return { layers, aborted };
}

/** The densities that a scan tries of a layer. */
export function densitiesFor(layer: Layer, densities: LayerScanOptions["densities"]): readonly number[] {
  return typeof densities === "function" ? densities(layer) : densities;
}

/** A layer's weights with the smallest cut. */
function prunedTo(layer: Layer, density: number): FloatTensor {
  const { name, weight, tensor } = layer;
  const whole = new Map([[weight, tensor]]);
  const masks = chooseMasks({ kind: "density", layers: [[name, density]] }, [layer], whole);
  return applyMasks(whole, masks).get(weight) ?? tensor;
}

async function retrained(
  engine: Engine,
  model: Model,
  data: Dataset,
  layer: string,
  density: number,
  {
    batch,
    seed,
    batchNorm,
    task,
    ...training
  }: NonNullable<LayerScanOptions["retrain"]> & Pick<LayerScanOptions, "task">,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const prune = { target: { kind: "density", layers: [[layer, density]] } as const, part: 1 };
  const round: Round = { name: layer, prune, ...training };
  const { results } = await runRounds(engine, model, data, [round], { batch, seed, batchNorm, task, signal });
  return results.at(0)?.validation;
}
