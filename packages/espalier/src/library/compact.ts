import { withComputedWeights } from "../adoption/computed-weights.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import { type Comparison, compare } from "../engine/compare.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model, Value } from "../onnx/graph.ts";
import { type FloatTensor, isFloat32 } from "../onnx/tensor.ts";
import { type Removal, removeDeadUnits } from "../pruning/units/remove.ts";
import { type InputOptions, withInputs } from "./inputs.ts";
import { countParameters } from "./network.ts";

/** The options of {@link compact}. */
export type CompactOptions = InputOptions;

/** A network without its dead units, and how it compares with the one that it was made of. */
export interface CompactResult extends Removal, Comparison {
  /** Weights and biases that are left. */
  readonly parameters: number;
}

/**
 * Removes the units and channels that pruning left without live inputs or outputs; the smaller network computes the
 * same (Han et al., NIPS 2015, section 3.5). Both are run on random samples to show it.
 * @throws UserError when the model cannot be run
 */
export async function compact(engine: Engine, given: Model, options: CompactOptions = {}): Promise<CompactResult> {
  const { fix, shape } = options;
  const { model: source } = await withComputedWeights(engine, withInputs(given, { fix }));
  const form = trainableForm(source);
  const model = withInputs(form.model, { shape });
  const asCame = form.differences.length > 0;
  // A bias that a layer gains, or another size that a node names, has no place in a form that is not the file's.
  const { model: smaller, layers } = await removeDeadUnits(engine, model, { addBiases: !asCame, resizing: !asCame });
  const comparison = await compare(engine, model, smaller);
  const written = asCame ? form.restore(floatsOf(smaller)) : form.together(smaller);
  return {
    model: { ...written, inputs: resized(source, written), values: new Map() },
    parameters: countParameters(smaller).parameters,
    layers,
    ...comparison,
  };
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
