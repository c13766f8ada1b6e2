import { UserError } from "../../errors.ts";
import { int, ints } from "../attributes.ts";
import type { GraphBuilder } from "../builder.ts";
import { float32 } from "../tensor.ts";
import { chain } from "./branches.ts";
import { constant, type Initializer, normal } from "./initializers.ts";
import { type Activation, image, type LayerBuilder, type LayerContext } from "./layers.ts";

/** [channels, height, width] -> [height * width, channels]: a token for each place. */
export function tokens(): LayerBuilder {
  return (input, { graph, name }) => {
    const own = name(undefined, "tokens");
    const [channels, height, width] = image(input, own);
    const flat = graph.emit("Reshape", [input.value, graph.ints([0, channels, height * width])]);
    return {
      value: graph.emit("Transpose", [flat], { perm: ints([0, 2, 1]) }, own),
      shape: [height * width, channels],
    };
  };
}

/** Adds a learned vector to each token, by its place. */
export function positions(options: { readonly name?: string } = {}): LayerBuilder {
  return ({ value, shape }, { graph, seed, name }) => {
    const own = name(options.name, "positions");
    const table = graph.initializer(`${own}.weight`, normal(0.02)([1, ...shape], seed, `${own}.weight`));
    return { value: graph.emit("Add", [value, table], {}, own), shape };
  };
}

/** A fully connected layer on each token: weights [inputs, units], as MatMul takes them. */
export function tokenDense(
  units: number,
  options: { readonly name?: string; readonly initializer?: Initializer } = {},
): LayerBuilder {
  return (input, context) => {
    const { graph, seed } = context;
    const own = context.name(options.name, "fc");
    const [count, size] = sequence(input, own);
    const initial = (options.initializer ?? context.initializer)([units, size], seed, `${own}.weight`);
    const transposed = float32([size, units]);
    for (let o = 0; o < units; o++)
      for (let i = 0; i < size; i++) transposed.data[i * units + o] = initial.data[o * size + i];
    const weight = graph.initializer(`${own}.weight`, transposed);
    const bias = graph.initializer(`${own}.bias`, constant(0)([units], seed, `${own}.bias`));
    const product = graph.emit("MatMul", [input.value, weight]);
    return { value: graph.emit("Add", [product, bias], {}, own), shape: [count, units] };
  };
}

/**
 * Self-attention with several heads: softmax(Q K^T / sqrt d) V (Vaswani et al., arXiv 1706.03762, section 3.2); `causal`
 * where no token may hear those behind it.
 */
export function selfAttention(
  heads: number,
  options: { readonly name?: string; readonly causal?: boolean } = {},
): LayerBuilder {
  return (input, context) => {
    const own = context.name(options.name, "attention");
    const [count, size] = sequence(input, own);
    if (size % heads !== 0) {
      throw new UserError(`Layer "${own}" cannot split tokens of ${size} numbers among ${heads} heads.`);
    }
    return chain(
      tokenDense(3 * size, { name: `${own}/qkv` }),
      (joined, inner) => attend(joined, inner, heads, [count, size], options.causal ?? false),
      tokenDense(size, { name: `${own}/out` }),
    )(input, { ...context, name: (name, kind) => name ?? context.name(undefined, kind) });
  };
}

function attend(
  { value }: Activation,
  { graph }: LayerContext,
  heads: number,
  [count, size]: readonly number[],
  causal: boolean,
) {
  const width = size / heads;
  const split = graph.emit("Reshape", [value, graph.ints([0, count, 3, heads, width])]);
  const stacked = graph.emit("Transpose", [split], { perm: ints([2, 0, 3, 1, 4]) });
  const [query, key, mixed] = [0, 1, 2].map((i) =>
    graph.emit("Squeeze", [
      graph.emit("Slice", [stacked, graph.ints([i]), graph.ints([i + 1]), graph.ints([0])]),
      graph.ints([0]),
    ]),
  );
  const scaled = graph.emit("Mul", [query, graph.scalar("float32", 1 / Math.sqrt(width))]);
  const scores = graph.emit("MatMul", [scaled, graph.emit("Transpose", [key], { perm: ints([0, 1, 3, 2]) })]);
  const allowed = causal
    ? graph.emit("Where", [maskOf(graph, count), scores, graph.scalar("float32", UNHEARD)])
    : scores;
  const heard = graph.emit("MatMul", [graph.emit("Softmax", [allowed], { axis: int(-1) }), mixed]);
  const joined = graph.emit("Transpose", [heard], { perm: ints([0, 2, 1, 3]) });
  return { value: graph.emit("Reshape", [joined, graph.ints([0, count, size])]), shape: [count, size] };
}

/** So low a score that its softmax is 0, and that no arithmetic of it is undefined. */
const UNHEARD = -1e9;

/** Which tokens each may hear: those before it and itself. One mask serves all layers. */
function maskOf(graph: GraphBuilder, count: number): string {
  const name = `causal/${count}`;
  if (graph.model.initializers.has(name)) return name;
  const data = Uint8Array.from({ length: count * count }, (_, i) => (i % count <= Math.floor(i / count) ? 1 : 0));
  return graph.initializer(name, { dtype: "bool", dims: [count, count], data });
}

/** The mean of all tokens: [tokens, size] -> [size]. */
export function tokenMean(): LayerBuilder {
  return (input, { graph, name }) => {
    const own = name(undefined, "mean");
    const [, size] = sequence(input, own);
    const value = graph.emit("ReduceMean", [input.value, graph.ints([1])], { keepdims: int(0) }, own);
    return { value, shape: [size] };
  };
}

/** x / 2 (1 + erf(x / sqrt 2)) (Hendrycks and Gimpel, arXiv 1606.08415), as operator sets before 20 write it. */
export function gelu(): LayerBuilder {
  return ({ value, shape }, { graph, name }) => {
    const number = (x: number) => graph.scalar("float32", x);
    const erf = graph.emit("Erf", [graph.emit("Div", [value, number(Math.SQRT2)])]);
    const gate = graph.emit("Mul", [value, graph.emit("Add", [erf, number(1)])]);
    return { value: graph.emit("Mul", [gate, number(0.5)], {}, name(undefined, "gelu")), shape };
  };
}

function sequence({ shape }: Activation, name: string): readonly number[] {
  if (shape.length !== 2)
    throw new UserError(`Layer "${name}" needs [tokens, size] and gets [${shape}]: put tokens() before it.`);
  return shape;
}
