import { attribute } from "../onnx/attributes.ts";
import { consumers, lookup, type Model, type Node } from "../onnx/graph.ts";
import { readsOf } from "../onnx/live.ts";

/** Where a network has eight bits. */
export interface Placement {
  /** The nodes that read such values, and whose outputs are. */
  readonly inside: ReadonlySet<Node>;
  /** Each value of eight bits, and the value whose codes it has. */
  readonly values: ReadonlyMap<string, string>;
  /** Those of them that such nodes make. */
  readonly made: ReadonlySet<string>;
}

/** Operators that bring numbers to other places: what they make has the codes of what they read. */
const MOVES = new Set(["MaxPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Resize"]);
/** Operators of which ONNX Runtime has kernels that read and make whole numbers. */
const COMPUTES = new Set(["Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "LeakyRelu", "Sigmoid"]);

const ACTIVATIONS = new Set([
  "Relu",
  "LeakyRelu",
  "Sigmoid",
  "HardSigmoid",
  "Tanh",
  "Elu",
  "Selu",
  "Softplus",
  "Softsign",
]);

/**
 * Places eight bits so that ONNX Runtime joins them with the nodes between: what a layer reads, what a Conv makes, behind
 * the Relu or Clip that follows, as codes do not reach beyond its bounds; and what lies between such values, where all
 * that is read has eight bits already and another node reads what is made in them. Gemm and MatMul make float32 where
 * nothing wants eight bits.
 * @param layers the nodes that compute on whole numbers
 */
export function placementOf(model: Model, layers: ReadonlySet<Node>): Placement {
  const folded = foldingOf(model);
  const readers = consumers(model);
  const wanted = wantedValues(model, layers, folded);
  // What ONNX Runtime would make one with a Gemm in float32 before it looks for eight bits.
  const isActivated = ({ op, outputs: [output] }: Node) => {
    const behind = readers.get(output) ?? [];
    return op === "Gemm" && behind.length === 1 && ACTIVATIONS.has(behind[0].op);
  };
  const values = new Map<string, string>();
  const inside = new Set<Node>();
  const made = new Set<string>();
  for (const { inputs } of layers) values.set(inputs[0], inputs[0]);
  for (const node of model.nodes) {
    const output = folded(node);
    const isMoved = moves(node) && values.has(node.inputs[0]);
    if (layers.has(node)) inside.add(node);
    else if (wanted.has(output) && (isMoved || (computes(node) && node.inputs.every((name) => values.has(name)))))
      inside.add(node);
    else continue;
    if (!(node.op === "Conv" || wanted.has(output) || isActivated(node))) continue;
    made.add(output);
    values.set(output, isMoved ? (values.get(node.inputs[0]) ?? output) : output);
  }
  return { inside, values, made };
}

const computes = ({ op, domain }: Node) => domain === "" && COMPUTES.has(op);

/** Returns true for a node that moves numbers, without other outputs. */
function moves(node: Node): boolean {
  if (node.domain !== "" || !MOVES.has(node.op) || node.outputs.length > 1) return false;
  if (node.op === "Flatten") return attribute(node, "int", "axis", 1) === 1;
  return node.op !== "Resize" || attribute(node, "string", "mode", "nearest") === "nearest";
}

/** The values that layers read, and those from which nodes that may have eight bits lead there. */
function wantedValues(model: Model, layers: ReadonlySet<Node>, folded: (node: Node) => string): Set<string> {
  const wanted = new Set<string>();
  for (const node of model.nodes.toReversed()) {
    if (layers.has(node)) wanted.add(node.inputs[0]);
    else if (wanted.has(folded(node))) {
      for (const input of moves(node) ? node.inputs.slice(0, 1) : computes(node) ? node.inputs : []) wanted.add(input);
    }
  }
  return wanted;
}

/** The value behind the Relu or Clip that alone reads what a node makes, or what it makes. */
function foldingOf(model: Model): (node: Node) => string {
  const readers = consumers(model);
  const known = lookup(model);
  const given = new Set(model.outputs.map(({ name }) => name));
  const nested = new Set(model.nodes.flatMap((node) => readsOf(node).slice(node.inputs.length)));
  const bound = (node: Node, input: number, absent: number) => {
    const name = node.inputs[input];
    if (!name) return absent;
    const tensor = known.constant(name);
    return tensor?.data.length === 1 ? Number(tensor.data[0]) : Number.NaN;
  };
  const bounds = (node: Node) =>
    node.domain === "" &&
    (node.op === "Relu" ||
      (node.op === "Clip" &&
        bound(node, 1, Number.NEGATIVE_INFINITY) <= 0 &&
        bound(node, 2, Number.POSITIVE_INFINITY) >= 0));
  return ({ outputs: [output] }) => {
    const behind = readers.get(output) ?? [];
    const [next] = behind;
    const alone = behind.length === 1 && !given.has(output) && !nested.has(output);
    return alone && next.inputs[0] === output && bounds(next) ? next.outputs[0] : output;
  };
}
