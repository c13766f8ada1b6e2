import type { GraphBuilder } from "../onnx/builder.ts";
import { constantOf, type Model, type Node, typeOf } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import type { Random } from "../random.ts";

/** A Dropout node as a training step runs it. */
export interface DropoutSite {
  /** The node's name, by which its ratio is set. */
  readonly name: string;
  /** The input that takes the ratio of units to drop: a float32 scalar. */
  readonly ratioInput: string;
  /** The input that takes noise, uniform in [0, 1), of the shape `dims`. */
  readonly noiseInput: string;
  readonly dims: readonly number[];
  /** The ratio that the model states. */
  readonly ratio: number;
}

const DEFAULT_RATIO = 0.5;

/**
 * Drops inputs of a batch as {@link exposeDropout} drops units: each becomes zero with the probability `ratio`, the
 * others x / (1 - ratio). Zeros draw no number, and images are mostly zeros.
 */
export function dropInputs(inputs: Float32Array, ratio: number, { uniform }: Random): void {
  const scale = 1 / (1 - ratio);
  for (let i = 0; i < inputs.length; i++) {
    if (inputs[i] !== 0) inputs[i] = uniform() < ratio ? 0 : inputs[i] * scale;
  }
}

/**
 * Replaces each Dropout node by y = x [noise >= ratio] / (1 - ratio) (Srivastava et al., JMLR 2014, inverted form).
 *
 * The noise is fed, not drawn by the runtime's own generator, whose state no checkpoint could hold; the ratio is fed,
 * so that retraining can lower it without a new graph.
 * @param graph of a copy of the network
 */
export function exposeDropout(graph: GraphBuilder, annotated: TypedModel): DropoutSite[] {
  const { model } = graph;
  const sites: DropoutSite[] = [];
  const nodes = model.nodes;
  model.nodes = [];
  for (const node of nodes) {
    if (node.op === "Dropout" && node.domain === "") sites.push(expose(graph, annotated, node));
    else model.nodes.push(node);
  }
  return sites;
}

function expose(graph: GraphBuilder, annotated: TypedModel, node: Node): DropoutSite {
  const { model } = graph;
  const [input, ratioName] = node.inputs;
  const { dims } = typeOf(annotated, input);
  const name = node.name || node.outputs[0];
  const ratioInput = graph.fresh(`dropout/ratio/${name}`);
  const noiseInput = graph.fresh(`dropout/noise/${name}`);
  model.inputs.push(
    { name: ratioInput, dtype: "float32", shape: [] },
    { name: noiseInput, dtype: "float32", shape: dims },
  );
  const kept = graph.emit("Cast", [graph.emit("GreaterOrEqual", [noiseInput, ratioInput])], {
    to: { kind: "int", value: 1 },
  });
  const scale = graph.emit("Sub", [graph.scalar("float32", 1), ratioInput]);
  const factors = graph.emit("Div", [kept, scale]);
  graph.emit("Mul", [input, factors], {}, node.outputs[0]);
  return { name, ratioInput, noiseInput, dims, ratio: ratioName ? ratioOf(model, ratioName) : DEFAULT_RATIO };
}

function ratioOf(model: Model, name: string): number {
  const constant = constantOf(model, name);
  return constant ? Number(constant.data[0]) : DEFAULT_RATIO;
}
