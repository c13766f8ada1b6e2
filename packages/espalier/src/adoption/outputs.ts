import { UserError } from "../errors.ts";
import { copyModel, type Model } from "../onnx/graph.ts";
import { withoutDeadNodes } from "../onnx/live.ts";
import type { TypedModel, TypedValue } from "../onnx/typed.ts";
import { withAllOutputs } from "./all-outputs.ts";
import type { Head } from "./heads.ts";
import { withoutProbabilities, withScores } from "./scores.ts";

/**
 * What a network's output is to be: class scores, for each step of a sequence where it has steps; or values, of a shape
 * where it is known, and before a Softmax or Sigmoid at the end where they are to be logits; or all outputs as they are,
 * of any shape, or those of some names, each before the Softmax or Sigmoid at its end.
 */
export type OutputForm =
  | { readonly kind: "scores"; readonly steps?: number }
  | { readonly kind: "values"; readonly shape?: readonly number[]; readonly logits?: boolean }
  | { readonly kind: "all"; readonly only?: readonly string[] };

export const SCORES: OutputForm = { kind: "scores" };

/** A network whose only outputs are those that were taken. */
interface Taken {
  readonly model: Model;
  /** What its outputs are, where all were taken. */
  readonly heads?: readonly Head[];
  /** What was done for that, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Leaves a network with one output of the form that is wanted, or with all.
 * @param wanted the output to take; default: the first of that form
 * @throws UserError when there is no such output
 */
export function taken(annotated: TypedModel, form: OutputForm, wanted?: string): Taken {
  if (form.kind === "all") return { ...withAllOutputs(annotated, form.only), notes: [] };
  const { length } = annotated.outputs;
  const choice = (output: string, of: string) =>
    length > 1 ? [`Of ${length} outputs, "${output}" is taken for the ${of}.`] : [];
  if (form.kind === "values") {
    const output = valuesOf(annotated, form.shape, wanted);
    const { nodes, probabilities } = form.logits
      ? withoutProbabilities(annotated, output.name)
      : { nodes: annotated.nodes, probabilities: undefined };
    const model = withoutDeadNodes({ ...copyModel(annotated), nodes, outputs: [output] });
    return { model, notes: [...before(output.name, probabilities), ...choice(output.name, "values")] };
  }
  const { model, output, probabilities } = withScores(annotated, wanted, form.steps);
  return { model, notes: [...before(output, probabilities), ...choice(output, "class scores")] };
}

function before(output: string, probabilities: string | undefined): string[] {
  return probabilities ? [`The scores are taken before the ${probabilities} that the output "${output}" ends in.`] : [];
}

/** The output of float32 values with a shape. */
function valuesOf(
  { name, outputs }: TypedModel,
  shape: readonly number[] | undefined,
  wanted: string | undefined,
): TypedValue {
  const fits = (value: TypedValue) => value.dtype === "float32" && (!shape || sameSizes(value.shape.slice(1), shape));
  const candidates = wanted === undefined ? outputs : outputs.filter((value) => value.name === wanted);
  const found = candidates.find(fits);
  if (found) return found;
  const list = outputs.map((value) => `"${value.name}" (${value.dtype}[${value.shape}])`).join(", ");
  throw new UserError(
    `The network "${name}" has no output${wanted === undefined ? "" : ` "${wanted}"`} of float32 values [batch${(shape ?? []).map((size) => `, ${size}`).join("")}]; its outputs are ${list}: use data with targets of their shape.`,
  );
}

/** Returns true if two shapes are the same but for axes of size 1. */
export function sameSizes(a: readonly number[], b: readonly number[]): boolean {
  const sizes = (shape: readonly number[]) => shape.filter((size) => size !== 1).join();
  return sizes(a) === sizes(b);
}
