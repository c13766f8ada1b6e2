import type { Model } from "../onnx/graph.ts";
import { inlineFunctions } from "../onnx/inline.ts";
import { allNodes } from "../onnx/nested.ts";
import { withoutSettledBranches } from "../onnx/simplify/branches.ts";
import { withLiftedConstants } from "../onnx/simplify/constants.ts";
import { withoutDeadParts } from "../onnx/simplify/dead.ts";
import { equalInitializers, withEqualMerged } from "../onnx/simplify/equal.ts";
import { folded, worthFolding } from "../onnx/simplify/fold.ts";
import { withUniqueNames } from "../onnx/simplify/names.ts";
import { withFoldedNormalization } from "../onnx/simplify/normalization.ts";
import { withoutRedundantNodes } from "../onnx/simplify/redundant.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import { constantsOf } from "./constants.ts";
import type { Engine } from "./engine.ts";

/** What simplifying did. */
export interface Rewrites {
  /** Nodes that computed from constants alone, and are initializers now. */
  readonly folded: number;
  /** If nodes whose condition is known, with their branch in place. */
  readonly branches: number;
  /** BatchNormalization nodes that are part of the layer before them. */
  readonly normalizations: number;
  /** Initializers that were equal to another. */
  readonly merged: number;
}

/** How a model is to be simplified. */
export interface SimplifyingOptions {
  /** Chooses the initializers that may be one with others that are equal; default: all. */
  readonly mayMerge?: (model: Model) => (name: string, tensor: NumericTensor) => boolean;
}

/**
 * Makes a model simple, so that it computes the same with less: functions in place, constants computed and held by
 * initializers, equal ones held once, branches in the place of an If whose condition is known, normalization as part of
 * the layer before it, and nothing that its outputs do not need. Inputs, outputs and metadata stay.
 */
export async function simplifyModel(
  engine: Engine,
  source: Model,
  { mayMerge }: SimplifyingOptions = {},
): Promise<{ readonly model: Model; readonly rewrites: Rewrites }> {
  let model = withUniqueNames(inlineFunctions(source));
  let [foldedNodes, branches] = [0, 0];
  // Shapes come last: the runtime fails on graphs in which they settle what is still undecided.
  for (let throughShapes = false; ; ) {
    model = withoutDeadParts(withoutRedundantNodes(withLiftedConstants(model)));
    const { nodes, values } = await constantsOf(engine, model, throughShapes);
    const settled = withoutSettledBranches(model, values);
    if (settled) {
      branches += count(model, "If") - count(settled, "If");
      model = settled;
      continue;
    }
    const worth = worthFolding(model, nodes, values);
    if (worth.size === 0) {
      if (throughShapes) break;
      throughShapes = true;
      continue;
    }
    foldedNodes += worth.size;
    model = folded(model, values, worth);
  }
  const normalized = withFoldedNormalization(model);
  model = withoutDeadParts(normalized.model);
  const names = equalInitializers(model.initializers, mayMerge?.(model));
  model = { ...withEqualMerged(model, names), irVersion: Math.max(4, model.irVersion) };
  const rewrites = { folded: foldedNodes, branches, normalizations: normalized.count, merged: names.size };
  return { model, rewrites };
}

function count(model: Model, op: string): number {
  return allNodes(model).filter((node) => node.op === op).length;
}
