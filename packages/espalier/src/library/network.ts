import { type Adopted, adopt } from "../adoption/adopt.ts";
import type { Dataset } from "../data/dataset.ts";
import { checkFinite } from "../data/finite.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { networks } from "../models/index.ts";
import type { Model } from "../onnx/graph.ts";
import { flattened } from "../onnx/nested.ts";
import { integers } from "../onnx/tensor.ts";
import { layersOf, selectLayers } from "../operators/layers.ts";
import { countCodes, countNonzeroCodes } from "../operators/quantized/codes.ts";
import { quantizedBiases, quantizedLayersOf } from "../operators/quantized/layers.ts";
import { countAll } from "../pruning/mask.ts";
import { choices } from "../suggest.ts";
import type { Task } from "../tasks/task.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
import type { Hooks } from "./hooks.ts";

/** How many parameters a network has: every weight and bias, and those that are not zero. */
export interface ParameterCounts {
  /** All weights and biases. */
  readonly parameters: number;
  /** Those that are not zero. */
  readonly nonzero: number;
}

/** Counts a network's parameters, those that are whole numbers with scales too. */
export function countParameters(model: Model): ParameterCounts {
  const { parameters, nonzero } = countAll(parametersOf(model, trainableParameters(flattened(model))));
  const codes = quantizedLayersOf(model).map((layer) => layer.codes);
  const biases = quantizedBiases(model);
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  return {
    parameters: parameters + sum([...codes.map(countCodes), ...biases.map(({ data }) => data.length)]),
    nonzero:
      nonzero + sum([...codes.map(countNonzeroCodes), ...biases.map((bias) => integers(bias).filter(Boolean).length)]),
  };
}

/** @throws UserError for the first weight or bias of a network, also of a graph inside it, that is NaN or infinite */
export function checkWeights(given: Model): void {
  const model = flattened(given);
  for (const [name, tensor] of parametersOf(model, trainableParameters(model))) {
    checkFinite(tensor, `In the network "${model.name}" ${name}`, "train it again, or export it again");
  }
}

/**
 * Brings a model into the form in which it is evaluated and trained on data, and tells what was done for that.
 * @throws UserError where network and data do not fit, or a weight is NaN or infinite
 */
export async function adoptFor(
  engine: Engine,
  model: Model,
  data: Dataset,
  task: Pick<Task, "name" | "form"> & Partial<Pick<Task, "measure">>,
  output: string | undefined,
  { onProgress }: Hooks,
): Promise<Adopted> {
  const adopted = await adopt(engine, model, { data, form: task.form, output });
  checkWeights(adopted.model);
  for (const text of adopted.notes) onProgress?.({ kind: "note", text });
  if (task.measure) onProgress?.({ kind: "task", task: task.name, measure: task.measure });
  return adopted;
}

/**
 * Builds a network by its name, untrained.
 * @param data what a network for texts, captions or photographs is built for; others do without
 * @throws UserError when there is no network of that name
 */
export function buildNetwork(
  name: string,
  { seed = 1, data }: { readonly seed?: number; readonly data?: Dataset } = {},
): Model {
  const found = networks.get(name);
  if (!found) throw new UserError(`There is no network "${name}": ${choices(name, networks.keys())}.`);
  const own = found.text || data?.preprocessing ? data : undefined;
  return found.build({ seed, classes: own?.classes, input: own?.inputs[0].shape });
}

/**
 * The parameters of layers that are named or fit a glob, with those of their normalization.
 * @throws UserError for an unknown layer, or where nothing is left to train
 */
export function frozenParameters(model: Model, patterns: readonly string[] = []): Set<string> {
  const layers = layersOf(model);
  const frozen = new Set<string>();
  for (const pattern of patterns) {
    for (const { parameters } of selectLayers(layers, pattern)) for (const name of parameters) frozen.add(name);
  }
  if (patterns.length > 0 && layers.every(({ weight }) => frozen.has(weight))) {
    throw new UserError(`Every layer is frozen by ${patterns.join(" ")}: leave one to train.`);
  }
  return frozen;
}
