import { z } from "zod";
import { type Difference, differenceOf } from "../engine/difference.ts";
import type { Engine, Tensors } from "../engine/engine.ts";
import { type Rewrites, simplifyModel } from "../engine/simplify-model.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { inlineFunctions } from "../onnx/inline.ts";
import { allNodes } from "../onnx/nested.ts";
import { mergeable } from "../operators/roles.ts";
import { OptionsError } from "../options-error.ts";
import type { Measure } from "../tasks/measure.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { type InputOptions, withInputs } from "./inputs.ts";
import { seedOption } from "./options/common.ts";
import { modelOptions } from "./options/model.ts";
import { checkOptions } from "./options/option.ts";

/** The options of {@link simplify}. */
export const simplifyOptions = { ...modelOptions, seed: seedOption("the seed of the random inputs") };

const schema = z.object(simplifyOptions);

/** Inputs to fix, shapes to settle, and the seed of the inputs on which the result is compared. */
export type SimplifyOptions = z.input<typeof schema> & Hooks;

/** A network that computes the same with less. */
export interface SimplifyResult extends Pick<Difference, "outputs" | "shapes"> {
  /** The simplified network. */
  readonly model: Model;
  /** The largest of the outputs' differences. */
  readonly difference: number;
  /** Nodes before and after, with those in the branches of If and the bodies of Loop and Scan. */
  readonly nodes: readonly [before: number, after: number];
  /** What was done. */
  readonly rewrites: Rewrites;
}

/** How {@link SimplifyResult.difference} is to be read. */
export const DIFFERENCE = {
  name: "difference",
  unit: "of the largest output",
  better: "lower",
} as const satisfies Pick<Measure, "name" | "better"> & { readonly unit: string };

/** What may be lost to rounding; halves round sooner. */
const TOLERANCE = 1e-3;
const HALF_TOLERANCE = 2e-2;

/**
 * Makes a network simple, so that it computes the same with less: constants are computed, equal ones held once, branches
 * of If taken whose condition is known, BatchNormalization made part of the layer before it, and what nothing needs left
 * out. Both networks are run on random inputs to show it.
 * @param options inputs to fix and shapes to settle, from which more becomes constant
 * @throws UserError for an unknown input, an open size with which the network does not run, or where the outputs differ
 *   by more than rounding
 */
export async function simplify(engine: Engine, source: Model, options: SimplifyOptions = {}): Promise<SimplifyResult> {
  const { hooks, given } = splitHooks(options);
  const { seed, ...inputs } = checkOptions(schema, given);
  const before = withInputs(inlineFunctions(source), inputs);
  const onWork = workOf(hooks);
  onWork("Computing what is constant", 0);
  const { model, rewrites } = await simplifyModel(engine, before, { mayMerge: mergeable });
  hooks.signal?.throwIfAborted();
  onWork("Comparing both on random inputs", 0);
  const compared = await differenceOf(engine, source, model, seed, fixedIn(before, inputs.fix));
  if (!compared) {
    throw new OptionsError(
      (o) =>
        `The network "${source.name}" runs on none of the random inputs that were tried: give their shapes by ${o("shape")}.`,
    );
  }
  const difference = Math.max(...compared.outputs.map((output) => output.difference), 0);
  const halves = [...source.initializers.values()].some(({ dtype }) => dtype === "float16" || dtype === "bfloat16");
  if (difference > (halves ? HALF_TOLERANCE : TOLERANCE)) {
    const worst = compared.outputs.find((output) => output.difference === difference);
    throw new UserError(
      `The simplified network is not the same: its output "${worst?.name}" differs by ${difference.toExponential(1)} of the largest, so nothing is written.`,
    );
  }
  return { ...compared, model, difference, nodes: [allNodes(before).length, allNodes(model).length], rewrites };
}

/** The inputs that options fix, as the tensors that they hold. */
function fixedIn({ initializers }: Model, fix: InputOptions["fix"] = {}): Tensors {
  const fixed: Tensors = {};
  for (const name of Object.keys(fix)) {
    const tensor = initializers.get(name);
    if (tensor && tensor.dtype !== "string") fixed[name] = tensor;
  }
  return fixed;
}
