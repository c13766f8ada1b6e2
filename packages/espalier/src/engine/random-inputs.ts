import { isWhole, type NumericType, zeros } from "../onnx/dtype.ts";
import { fillElements } from "../onnx/elements.ts";
import { constantTensor, type Dim, fedInputs, lookup, type Model, type Value } from "../onnx/graph.ts";
import { storedLike } from "../onnx/half.ts";
import { allNodes } from "../onnx/nested.ts";
import { float32, type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { random } from "../random.ts";
import type { Tensors } from "./engine.ts";

/** A whole input: its type, its shape, and numbers that the network compares it with. */
interface Fed {
  readonly name: string;
  readonly dtype: NumericType;
  readonly shape: readonly Dim[];
  readonly compared: readonly number[];
}

/** Sizes that networks take where they leave one open: of pictures, of texts, of a window of speech. */
const SIZES = [320, 64, 32, 576, 1024, 16_000, 16, 8, 4, 2, 1];

/** At most so many elements in an input whose sizes are tried. */
const MOST_ELEMENTS = 2 ** 23;

/** With more open sizes than this, all get the same. */
const MOST_MIXED = 5;

/** How whole numbers are drawn: small ones, which are places in most tables; zeros, which are in all. */
const WHOLE = [8, 1];

/** Inputs that a network runs on. */
export interface RandomInputs {
  /** The tensors to feed, another draw for each turn: the same for the same seed. */
  draw(turn: number): Tensors;
  /** The sizes that its inputs have. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/**
 * Finds random inputs that a network runs on: real ones from the standard normal distribution, whole ones small, or
 * numbers that the network compares them with. Sizes that it leaves open are tried until it runs; the batch is 1.
 * @param run undefined where the network does not run on what it is given
 * @returns undefined where it runs on none that are tried
 */
export async function inputsFor(
  model: Model,
  run: (feeds: Tensors) => Promise<Tensors | undefined>,
  seed: number,
): Promise<RandomInputs | undefined> {
  const fed = fedOf(model);
  if (!fed) return undefined;
  for (const below of WHOLE) {
    for (const sizeFor of assignments(fed)) {
      const shapes = fed.map((input) => input.shape.map((dim, axis) => sizeFor(input, dim, axis)));
      if (shapes.some((shape) => sizeOf(shape) > MOST_ELEMENTS)) continue;
      const draw = (turn: number) =>
        Object.fromEntries(fed.map((input, i) => [input.name, drawn(input, shapes[i], below, seed, turn)]));
      if (await run(draw(0))) {
        return { draw, shapes: Object.fromEntries(fed.map(({ name }, i) => [name, shapes[i]])) };
      }
    }
    if (!fed.some(({ dtype }) => isWhole(dtype))) break;
  }
  return undefined;
}

function fedOf(model: Model): Fed[] | undefined {
  const inputs = fedInputs(model);
  const compared = comparedWith(model);
  const fed = inputs.flatMap(({ name, dtype, shape }: Value) =>
    dtype === undefined || dtype === "string" || shape === undefined
      ? []
      : [{ name, dtype, shape, compared: compared.get(name) ?? [] }],
  );
  return fed.length === inputs.length ? fed : undefined;
}

/** The constants that Equal compares each value with: which of several networks runs may hang on such a number. */
function comparedWith(model: Model): Map<string, number[]> {
  const known = lookup(model);
  const nodes = allNodes(model);
  const held = new Map(
    nodes.flatMap((node) => (constantTensor(node) ? [[node.outputs[0], constantTensor(node)] as const] : [])),
  );
  const found = new Map<string, number[]>();
  for (const { op, inputs } of nodes) {
    if (op !== "Equal") continue;
    for (const [i, name] of inputs.entries()) {
      const other = inputs[1 - i];
      const tensor = known.constant(other) ?? held.get(other);
      if (!tensor || tensor.dtype === "string" || tensor.data.length !== 1) continue;
      found.set(name, [...(found.get(name) ?? []), Number(tensor.data[0])]);
    }
  }
  return found;
}

type SizeFor = (input: Fed, dim: Dim, axis: number) => number;

/** What open sizes may be: the batch 1, all others the same, then some of them 1. */
function* assignments(fed: readonly Fed[]): Generator<SizeFor> {
  const symbolOf = ({ name }: Fed, dim: Dim, axis: number) => dim ?? (axis === 0 ? "batch" : `${name}[${axis}]`);
  const batch = new Set<Dim>(["batch", ...fed.flatMap(({ shape: [first] }) => first ?? [])]);
  const symbols = new Set<Dim>();
  for (const input of fed) {
    for (const [axis, dim] of input.shape.entries()) {
      const symbol = symbolOf(input, dim, axis);
      if (typeof symbol === "string" && !batch.has(symbol)) symbols.add(symbol);
    }
  }
  const open = [...symbols];
  const mixes = open.length > 0 && open.length <= MOST_MIXED ? 2 ** open.length : 1;
  for (let mix = 0; mix < mixes; mix++) {
    const ones = new Set(open.filter((_, i) => (mix >> i) & 1));
    for (const size of ones.size === open.length ? [1] : SIZES) {
      yield (input, dim, axis) => {
        if (typeof dim === "number") return dim;
        const symbol = symbolOf(input, dim, axis);
        return batch.has(symbol) || ones.has(symbol) ? 1 : size;
      };
    }
  }
}

function drawn(
  { name, dtype, compared }: Fed,
  dims: readonly number[],
  below: number,
  seed: number,
  turn: number,
): NumericTensor {
  const stream = random(seed, "inputs", name, turn);
  if (!isWhole(dtype)) {
    const values = Float32Array.from({ length: sizeOf(dims) }, stream.normal);
    return dtype === "float64"
      ? { dtype, dims, data: Float64Array.from(values) }
      : storedLike({ dtype, dims, data: values }, float32(dims, values));
  }
  const data = zeros(dtype, sizeOf(dims));
  const most = dtype === "bool" ? 2 : dtype === "uint8" && below > 1 ? 256 : below;
  for (let i = 0; i < data.length; i++) {
    fillElements(data, compared[turn % (compared.length + 1)] ?? stream.below(most), i, i + 1);
  }
  return { dtype, dims, data };
}
