import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Lookup, label, lookup, type Model, type Node, OPSET } from "../onnx/graph.ts";
import { dependents, readsOf } from "../onnx/live.ts";
import { isQuantized } from "../onnx/quantized.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { FeedableModel, TypedModel } from "../onnx/typed.ts";
import { mathNodes } from "./math.ts";
import { endsGradient, ruleName } from "./no-gradient.ts";
import type { GradientRule, RuleContext } from "./rule.ts";
import { gradientRules } from "./rules.ts";

/** A graph that computes gradients beside what it computed before. */
export interface Differentiated {
  readonly model: FeedableModel;
  /** The value that holds the gradient of the loss with respect to each of `wrt`. */
  readonly gradients: ReadonlyMap<string, string>;
}

/**
 * Reverse-mode differentiation as a rewrite of the graph: walks the nodes backwards from the loss and adds, by one
 * rule for each operator, the nodes that compute d(loss)/d(value). Only what `wrt` needs is built.
 *
 * The model's operator set must be 18 or later (`upgrade`).
 * @param loss the name of a value with one element
 * @param wrt names of inputs or initializers
 * @param rules gradient rules by operator, "domain:op" outside ONNX's own domain; default: all that are built in
 * @param blockSize how many channels lie side by side in the blocked kernels of the runtime that will run the graph;
 * default: rules use ONNX's own operators only
 * @throws UserError for an operator without a rule, or a value of `wrt` that the loss does not depend on
 */
export function differentiate(
  source: TypedModel,
  loss: string,
  wrt: readonly string[],
  rules: ReadonlyMap<string, GradientRule> = gradientRules,
  blockSize?: number,
): Differentiated {
  const model = { ...copyModel(source), inputs: [...source.inputs] };
  const graph = new GraphBuilder(model, "grad/");
  const opset = source.opsets.get("") ?? OPSET;
  if (opset < OPSET) {
    throw new UserError(`The model is in the operator set ${opset}, gradients in ${OPSET} or later: upgrade it first.`);
  }
  const known = lookup(source);
  const passing = source.nodes.filter((node) => !endsGradient(node, rules));
  const varying = dependents(passing, wrt);
  if (!varying.has(loss))
    throw new UserError(`The loss "${loss}" depends on none of ${wrt.join(", ")}: check their names.`);
  const { dtype, dims } = known.type(loss);
  if (sizeOf(dims) !== 1) {
    throw new UserError(`The loss "${loss}" has the shape [${dims}]: reduce it to one number first.`);
  }

  // Contributions to the gradient of each value; a value read by several nodes receives several, to be summed.
  const contributions = new Map<string, string[]>();
  const gradientOf = (value: string): string | undefined => {
    const parts = contributions.get(value) ?? [];
    if (parts.length < 2) return parts[0];
    // In pairs, which the runtime adds on all threads; more at once on one.
    const sum = parts.reduce((first, second) => graph.emit("Add", [first, second]));
    contributions.set(value, [sum]);
    return sum;
  };
  contributions.set(loss, [graph.constant({ dtype: floating(dtype, loss), dims, data: one(dtype) })]);

  for (const node of passing.toReversed()) {
    if (!readsOf(node).some((value) => varying.has(value))) continue;
    const gradients = node.outputs.map(gradientOf);
    if (gradients.every((gradient) => gradient === undefined)) continue;
    const rule = rules.get(ruleName(node));
    if (!rule) throw missingRule(node);
    const found = rule({ ...contextOf(known, graph, node, gradients, varying), blockSize });
    node.inputs.forEach((input, i) => {
      const part = found[i];
      if (part === undefined || !varying.has(input)) return;
      contributions.set(input, [...(contributions.get(input) ?? []), part]);
      const { dtype, dims } = known.type(input);
      if (!model.values.has(part)) model.values.set(part, { name: part, dtype, shape: dims });
    });
  }

  const result = new Map<string, string>();
  for (const name of wrt) {
    const gradient = gradientOf(name);
    if (gradient === undefined) {
      throw new UserError(`The loss "${loss}" does not depend on "${name}": leave it out of what is differentiated.`);
    }
    result.set(name, gradient);
  }
  return { model, gradients: result };
}

/**
 * Those of some values that a gradient of the loss reaches. The others have no influence on it, or only through
 * operators that end gradients.
 * @param wrt names of inputs or initializers
 */
export function reachedByGradient(
  { nodes }: Model,
  loss: string,
  wrt: readonly string[],
  rules: ReadonlyMap<string, GradientRule> = gradientRules,
): string[] {
  const needed = new Set([loss]);
  for (const node of nodes.toReversed()) {
    if (endsGradient(node, rules) || !node.outputs.some((output) => needed.has(output))) continue;
    for (const value of readsOf(node)) needed.add(value);
  }
  return wrt.filter((name) => needed.has(name));
}

function contextOf(
  known: Lookup,
  graph: GraphBuilder,
  node: Node,
  gradients: readonly (string | undefined)[],
  varying: ReadonlySet<string>,
): RuleContext {
  const { inputs, outputs } = node;
  const first = outputs.findIndex((_, i) => gradients[i] !== undefined);
  const dtype = floating(known.type(outputs[first]).dtype, outputs[first]);
  const scalar = (value: number) => graph.scalar(dtype, value);
  return {
    node,
    graph,
    math: mathNodes(graph, scalar),
    inputs,
    outputs,
    gradients,
    gradient: gradients[first] ?? "",
    wants: (i) => inputs[i] !== undefined && varying.has(inputs[i]),
    type: known.type,
    shape: (value) => known.type(value).dims,
    dtype,
    constant: (i) => {
      if (!inputs[i]) return undefined;
      const value = known.constant(inputs[i]);
      if (value) return value;
      throw new UserError(
        `The gradient of node ${label(node)} needs its input "${inputs[i]}" to be a constant: fold the model's constants first.`,
      );
    },
    scalar,
  };
}

function floating(dtype: string, value: string): "float32" | "float64" {
  if (dtype === "float32" || dtype === "float64") return dtype;
  throw new UserError(
    `"${value}" has the type ${dtype}, through which no gradient flows: train in float32 or float64.`,
  );
}

function one(dtype: string): Float32Array | Float64Array {
  return dtype === "float64" ? Float64Array.of(1) : Float32Array.of(1);
}

function missingRule(node: Node): UserError {
  const key = ruleName(node);
  if (isQuantized(node)) {
    return new UserError(
      `The network is quantized at node ${label(node)}, through which no gradient flows: train or prune it in float32, and quantize it then.`,
    );
  }
  return new UserError(
    `No gradient rule for the operator ${key} at node ${label(node)}: pass a rule for "${key}", or freeze the layers before it.`,
  );
}
