import { sizedFor } from "../adoption/bind.ts";
import { withComputedWeights } from "../adoption/computed-weights.ts";
import { carriedStates, withOpenStates } from "../adoption/states.ts";
import { type TrainableForm, trainableForm } from "../adoption/trainable-form.ts";
import type { Dataset } from "../data/dataset.ts";
import { type Comparison, compare } from "../engine/compare.ts";
import type { Engine } from "../engine/engine.ts";
import { withFoundSizes } from "../engine/found-sizes.ts";
import { UserError } from "../errors.ts";
import type { Model, Value } from "../onnx/graph.ts";
import { type FloatTensor, isFloat32 } from "../onnx/tensor.ts";
import { type Removal, removeDeadUnits } from "../pruning/units/remove.ts";
import { type Hooks, workOf } from "./hooks.ts";
import { type InputOptions, withInputs } from "./inputs.ts";
import { checkWeights, countParameters } from "./network.ts";

/** The options of {@link compact}. */
export interface CompactOptions extends InputOptions, Pick<Hooks, "signal" | "onProgress"> {}

/** A network without its dead units, and how it compares with the one that it was made of. */
export interface CompactResult extends Removal, Comparison {
  /** Weights and biases that are left. */
  readonly parameters: number;
}

/** What may be lost to rounding. */
const TOLERANCE = 1e-3;

/**
 * Removes the units and channels that pruning left without live inputs or outputs; the smaller network computes the
 * same (Han et al., NIPS 2015, section 3.5). Both are run on random samples to show it, of sizes with which the network
 * runs where it leaves them open.
 * @throws UserError when the model cannot be run, a weight is NaN or infinite, or the outputs differ by more than
 *   rounding; the signal's reason when it ends the work
 */
export async function compact(engine: Engine, given: Model, options: CompactOptions = {}): Promise<CompactResult> {
  const { fix, shape, signal } = options;
  const onWork = workOf(options);
  signal?.throwIfAborted();
  onWork("Looking for dead units", 0);
  const { model: source } = await withComputedWeights(engine, withInputs(given, { fix }));
  const { model, layers, sized, smaller } = await withoutDeadUnits(engine, source, (form) =>
    withFoundSizes(engine, withInputs(form, { shape })),
  );
  const comparison = await compare(engine, sized, smaller, {
    signal,
    onTurn: (turn, turns) => onWork("Comparing both on random samples", turn, turns),
  });
  checkSame(comparison.difference);
  return { model, parameters: countParameters(smaller).parameters, layers, ...comparison };
}

/** @throws UserError for a difference that is more than rounding */
function checkSame(difference: number): void {
  if (difference <= TOLERANCE) return;
  throw new UserError(
    `Without its dead units the network is not the same: its outputs differ by ${difference.toExponential(1)} of the largest, so nothing is written.`,
  );
}

/** What {@link withoutDeadUnits} made, and of what, both in the form in which they are trained. */
interface WithoutDeadUnits extends Removal {
  readonly sized: Model;
  readonly smaller: Model;
}

/**
 * Removes the dead units of a network in the form of its file.
 * @param settle gives the inputs of its trainable form the sizes that they leave open
 * @param keepsForm whether weights stay where the file has them: in Constant nodes, in functions, more than once
 */
async function withoutDeadUnits(
  engine: Engine,
  source: Model,
  settle: (form: Model) => Model | Promise<Model>,
  keepsForm = true,
): Promise<WithoutDeadUnits> {
  const form = trainableForm(source);
  const sized = await settle(form.model);
  checkWeights(sized);
  const asCame = keepsForm ? form.differences.length > 0 : holdsOtherFloats(form);
  // A bias that a layer gains, or another size that a node names, has no place in a form that is not the file's.
  const { model: smaller, layers } = await removeDeadUnits(engine, sized, { addBiases: !asCame, resizing: !asCame });
  const written = asCame ? form.restore(floatsOf(smaller)) : form.together(smaller);
  return { model: { ...written, inputs: resized(source, written), values: new Map() }, layers, sized, smaller };
}

/** Whether the file has weights in another type than the one in which they are trained. */
function holdsOtherFloats({ model, typeOf }: TrainableForm): boolean {
  return Array.from(model.initializers).some(([name, tensor]) => isFloat32(tensor) && typeOf(name) !== "float32");
}

/**
 * The network without its dead units, for samples of some data, written anew: weights of Constant nodes and functions
 * become initializers.
 * @throws UserError when the outputs differ by more than rounding
 */
export async function smallest(engine: Engine, source: Model, data: Dataset, signal?: AbortSignal): Promise<Removal> {
  const { model: computed } = await withComputedWeights(engine, source);
  const { sized, smaller, ...removal } = await withoutDeadUnits(engine, computed, sizesOf(data), false);
  const { difference } = await compare(engine, sized, smaller, { signal, turns: 2 });
  checkSame(difference);
  return removal;
}

/** Gives a network the sizes of some samples. */
function sizesOf(data: Dataset): (form: Model) => Model {
  return (form) => sizedFor(withOpenStates(form, carriedStates(form, data)), data);
}

/**
 * The network without units that nothing reads, or that no weight reaches, for samples of some data.
 * @param note is told which layers have fewer
 */
export async function withoutDead(
  engine: Engine,
  source: Model,
  data: Dataset,
  note: (text: string) => void,
): Promise<Model> {
  const { model, layers } = await withoutDeadUnits(engine, source, sizesOf(data));
  const fewer = layers.filter(({ before, after }) => after < before);
  if (fewer.length === 0) return source;
  note(`Dead units are gone: ${fewer.map(({ name, before, after }) => `${name} ${before} -> ${after}`).join(", ")}.`);
  return model;
}

function floatsOf({ initializers }: Model): Map<string, FloatTensor> {
  const found = new Map<string, FloatTensor>();
  for (const [name, tensor] of initializers) if (isFloat32(tensor)) found.set(name, tensor);
  return found;
}

/** The inputs as the file declares them, but for initializers among them that became smaller. */
function resized({ inputs }: Model, { initializers }: Model): Value[] {
  return inputs.map((input) => {
    const tensor = initializers.get(input.name);
    return tensor ? { ...input, shape: tensor.dims } : input;
  });
}
