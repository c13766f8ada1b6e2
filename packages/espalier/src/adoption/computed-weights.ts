import { constantsOf } from "../engine/constants.ts";
import type { Engine } from "../engine/engine.ts";
import { type Model, type Node, producers } from "../onnx/graph.ts";
import { inlineFunctions } from "../onnx/inline.ts";
import { flattened, isNested } from "../onnx/nested.ts";
import { withoutSettledBranches } from "../onnx/simplify/branches.ts";
import { withLiftedConstants } from "../onnx/simplify/constants.ts";
import { withoutDeadParts } from "../onnx/simplify/dead.ts";
import { equalInitializers, withEqualMerged } from "../onnx/simplify/equal.ts";
import { constantNodes, folded } from "../onnx/simplify/fold.ts";
import { withUniqueNames } from "../onnx/simplify/names.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import { facetsOf } from "../operators/catalogue.ts";
import { quantizedLayersOf } from "../operators/quantized/layers.ts";
import { viewOf } from "../operators/views.ts";

/** A network all of whose constant weights are held by it. */
export interface Computed {
  readonly model: Model;
  /** What was done for that, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Holds the weights that a network computes from constants (weight normalization, the gates of a recurrent layer put in
 * another order), and takes the branch of each If whose condition constants decide. All else keeps the form of the file.
 * @returns the model itself where there is nothing of that
 */
export async function withComputedWeights(engine: Engine, source: Model): Promise<Computed> {
  let model = withUniqueNames(inlineFunctions(source));
  if (!mayCompute(model)) return { model: source, notes: [] };
  const notes: string[] = [];
  for (let settled: Model | undefined = model; settled; ) {
    const lifted = withLiftedConstants(model);
    const { values } = await constantsOf(engine, lifted, false);
    settled = withoutSettledBranches(model, new Map([...numeric(lifted), ...values]));
    if (settled) {
      notes.push("The branch of an If whose condition is known is in its place.");
      model = withoutDeadParts(settled);
      continue;
    }
    const weights = computedWeights(lifted, values);
    if (weights.size === 0) break;
    notes.push(`${weights.size} weights are computed from constants: they are written as they are.`);
    const makers = producers(flattened(model));
    const nodes = new Set([...weights].flatMap((name) => makers.get(name) ?? []));
    const held = folded(model, values, nodes);
    // Branches beside each other often compute the same.
    const equal = equalInitializers(held.initializers, (name) => weights.has(name));
    model = withoutDeadParts(withEqualMerged(held, equal));
  }
  return notes.length === 0 ? { model: source, notes } : { model, notes: [...new Set(notes)] };
}

/** Returns true if running constants may tell something: there are branches, or weights that nodes make. */
function mayCompute(inlined: Model): boolean {
  const lifted = withLiftedConstants(inlined);
  const constant = new Set(constantNodes(lifted).flatMap(({ outputs }) => outputs));
  return isNested(lifted) || computedWeights(lifted, constant).size > 0;
}

/** The values that nodes compute from constants, not only look at another way, and that are weights of others. */
function computedWeights(model: Model, values: { has(name: string): boolean }): Set<string> {
  const flat = flattened(model);
  const sourceOf = viewOf(flat);
  // What codes are scaled to stays codes.
  const coded = new Map(quantizedLayersOf(flat).map((layer) => [layer.node, layer]));
  const isCoded = (node: Node, input: number) => coded.get(node)?.operand === input;
  const isComputed = (name: string) => name !== "" && values.has(name) && !model.initializers.has(sourceOf(name));
  return new Set(
    flat.nodes.flatMap((node) =>
      (facetsOf(node)?.weights ?? [])
        .filter((input) => !isCoded(node, input))
        .map((input) => node.inputs[input] ?? "")
        .filter(isComputed),
    ),
  );
}

function numeric({ initializers }: Model): [string, NumericTensor][] {
  return [...initializers].flatMap(([name, tensor]) => (tensor.dtype === "string" ? [] : [[name, tensor] as const]));
}
