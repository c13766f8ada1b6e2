import { int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { codeOf } from "../onnx/dtype.ts";
import { copyModel, type Model, type Node } from "../onnx/graph.ts";
import { storedLike } from "../onnx/half.ts";
import { readsOf } from "../onnx/live.ts";
import { withoutDeadParts } from "../onnx/simplify/dead.ts";
import { type FloatTensor, isFloat32, type Tensor } from "../onnx/tensor.ts";
import { withOwnNames } from "./names.ts";

/**
 * Operators that compute in halves: what they read and make is of one type, and no sum over many numbers, exponential or
 * statistic loses what halves do not tell. Softmax, normalizations and reductions stay float32.
 */
const HALVES = new Set([
  ...["Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum"],
  ...[
    "Relu",
    "LeakyRelu",
    "PRelu",
    "Clip",
    "Sigmoid",
    "HardSigmoid",
    "HardSwish",
    "Tanh",
    "Elu",
    "Selu",
    "Gelu",
    "Erf",
  ],
  ...["Add", "Sub", "Mul", "Div", "Max", "Min", "Neg", "Abs", "Where"],
  ...["Concat", "Split", "Slice", "Pad", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Expand", "Tile"],
  ...["Gather", "Identity", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"],
  ...["DepthToSpace", "SpaceToDepth"],
]);

/** Fewer numbers than this are not worth a Cast. */
const FEWEST = 64;
/** Halves end here, and begin there. */
const [LARGEST, SMALLEST] = [65_504, 2 ** -24];

/** What is to be held in halves. */
export interface HalfPlan {
  /** The values that are float32: those of the network's own type. */
  readonly isFloat: (value: string) => boolean;
  /** Layers, by the names of their weights, that stay float32, what reads them too. */
  readonly kept: ReadonlySet<string>;
}

/**
 * A network that holds its weights as float16 and computes in it where that is enough, between inputs and outputs of the
 * types that they had.
 */
export function withHalves(source: Model, { isFloat, kept }: HalfPlan): Model {
  const model = copyModel(source);
  const graph = new GraphBuilder(model, "h");
  model.nodes = [];
  const halves = new Set<string>();
  const casts = new Map<string, string>();
  // What graphs inside read, and what goes out, keeps its name and type.
  const fixed = new Set([
    ...source.outputs.map(({ name }) => name),
    ...source.nodes.flatMap((node) => readsOf(node).slice(node.inputs.length)),
  ]);
  const cast = (from: string, to: "float16" | "float32", output = graph.fresh("")) => {
    casts.set(from, graph.emit("Cast", [from], { to: int(codeOf(to)) }, output));
    return output;
  };
  const stored = new Map<string, string>();
  // Weights that graphs inside read are held as halves, and are what they were under their names.
  for (const name of fixed) {
    const tensor = source.initializers.get(name);
    if (!isFloat32(tensor) || !isWorthHalves(name, tensor)) continue;
    const half = halfOf(name, tensor);
    model.initializers.delete(name);
    cast(half, "float32", name);
  }
  const isOpen = (name: string) => name !== "" && (isFloat32(source.initializers.get(name)) || isFloat(name));
  for (const node of source.nodes) {
    const isHalf = computesInHalves(source, node, kept) && node.outputs.every((name) => name === "" || isOpen(name));
    const inputs = node.inputs.map((name) => {
      if (!isOpen(name)) return name;
      const tensor = source.initializers.get(name);
      if (isFloat32(tensor)) return isHalf ? halfOf(name, tensor) : singleOf(name, tensor);
      if (halves.has(name) === isHalf) return name;
      return casts.get(name) ?? cast(name, isHalf ? "float16" : "float32");
    });
    const outputs = node.outputs.map((name) => (isHalf && fixed.has(name) ? graph.fresh("") : name));
    model.nodes.push({ ...node, inputs, outputs });
    for (const [i, name] of node.outputs.entries()) {
      if (!isHalf || name === "") continue;
      if (outputs[i] === name) halves.add(name);
      else {
        cast(outputs[i], "float32", name);
        casts.set(name, outputs[i]);
      }
    }
  }
  return withOwnNames(withoutDeadParts({ ...model, values: new Map() }));

  function isWorthHalves(name: string, tensor: FloatTensor): boolean {
    return tensor.data.length >= FEWEST && !kept.has(name) && fits(tensor);
  }

  /** An initializer as float16. */
  function halfOf(name: string, tensor: FloatTensor): string {
    const known = stored.get(name) ?? graph.initializer("", inHalves(tensor));
    stored.set(name, known);
    return known;
  }

  /** An initializer as a node reads it that computes in float32: many numbers are held as halves all the same. */
  function singleOf(name: string, tensor: FloatTensor): string {
    if (fixed.has(name) || !isWorthHalves(name, tensor)) return name;
    const half = halfOf(name, tensor);
    return casts.get(half) ?? cast(half, "float32");
  }
}

/** Returns true for a node that is in halves: a constant that halves do not tell, such as a mask, keeps it from that. */
function computesInHalves({ initializers }: Model, { op, domain, inputs }: Node, kept: ReadonlySet<string>): boolean {
  if (domain !== "" || !HALVES.has(op) || inputs.some((name) => kept.has(name))) return false;
  return inputs.every((name) => {
    const tensor = initializers.get(name);
    return !isFloat32(tensor) || fits(tensor);
  });
}

/** Returns true for numbers that halves tell: weights that are all but zero become zero. */
function fits({ data }: FloatTensor): boolean {
  const isSmall = (x: number) => x !== 0 && Math.abs(x) < SMALLEST;
  return data.every((x) => Math.abs(x) <= LARGEST) && !(data.length < FEWEST && data.some(isSmall));
}

function inHalves(tensor: FloatTensor): Exclude<Tensor, { dtype: "string" }> {
  return storedLike({ ...tensor, dtype: "float16", data: new Uint16Array(0) }, tensor);
}
