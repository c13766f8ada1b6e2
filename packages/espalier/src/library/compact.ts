import { sizedFor } from "../adoption/bind.ts";
import { withComputedWeights } from "../adoption/computed-weights.ts";
import { carriedStates, withOpenStates } from "../adoption/states.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
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
  if (!(comparison.difference <= TOLERANCE)) {
    throw new UserError(
      `Without its dead units the network is not the same: its outputs differ by ${comparison.difference.toExponential(1)} of the largest, so nothing is written.`,
    );
  }
  return { model, parameters: countParameters(smaller).parameters, layers, ...comparison };
}

/** What {@link withoutDeadUnits} made, and of what, both in the form in which they are trained. */
interface WithoutDeadUnits extends Removal {
  readonly sized: Model;
  readonly smaller: Model;
}

/**
 * Removes the dead units of a network in the form of its file.
 * @param settle gives the inputs of its trainable form the sizes that they leave open
 */
async function withoutDeadUnits(
  engine: Engine,
  source: Model,
  settle: (form: Model) => Model | Promise<Model>,
): Promise<WithoutDeadUnits> {
  const form = trainableForm(source);
  const sized = await settle(form.model);
  checkWeights(sized);
  const asCame = form.differences.length > 0;
  // A bias that a layer gains, or another size that a node names, has no place in a form that is not the file's.
  const { model: smaller, layers } = await removeDeadUnits(engine, sized, { addBiases: !asCame, resizing: !asCame });
  const written = asCame ? form.restore(floatsOf(smaller)) : form.together(smaller);
  return { model: { ...written, inputs: resized(source, written), values: new Map() }, layers, sized, smaller };
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
  const { model, layers } = await withoutDeadUnits(engine, source, (form) =>
    sizedFor(withOpenStates(form, carriedStates(form, data)), data),
  );
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
