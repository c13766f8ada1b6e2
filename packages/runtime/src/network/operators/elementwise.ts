import { type Operator, type PlanContext, sizeOf } from "../operator.ts";

/** An operator that works on each element alone. */
function unary(make: (context: PlanContext) => (x: number) => number, rectified = false): Operator {
  return (context) => {
    const x = context.value(0);
    const f = make(context);
    const y = context.output(x.dims, { rectified });
    const { heap } = context.machine;
    const size = sizeOf(x.dims);
    return () => {
      const [from, to] = [heap.floats(x.at, size), heap.floats(y.at, size)];
      for (let i = 0; i < size; i++) to[i] = f(from[i]);
    };
  };
}

/** An operator of two inputs that may stretch them (ONNX's multidirectional broadcasting). */
function binary(f: (a: number, b: number) => number): Operator {
  return (context) => {
    const [a, b] = [context.value(0), context.value(1)];
    const rank = Math.max(a.dims.length, b.dims.length);
    const axis = (dims: readonly number[], i: number) => dims[i - rank + dims.length] ?? 1;
    const dims = Array.from({ length: rank }, (_, i) => Math.max(axis(a.dims, i), axis(b.dims, i)));
    const y = context.output(dims);
    const { heap } = context.machine;
    const size = sizeOf(dims);
    const places = [a, b].map((value) => (sizeOf(value.dims) === size ? undefined : stretched(value.dims, dims)));
    return () => {
      const [left, right] = [heap.floats(a.at, sizeOf(a.dims)), heap.floats(b.at, sizeOf(b.dims))];
      const [l, r] = places;
      const to = heap.floats(y.at, size);
      for (let i = 0; i < size; i++) to[i] = f(left[l ? l[i] : i], right[r ? r[i] : i]);
    };
  };
}

/** For each element of a shape, the place that it has in a smaller one that is stretched to it. */
export function stretched(from: readonly number[], to: readonly number[]): Uint32Array {
  const lead = to.length - from.length;
  const steps = to.map((_, axis) => {
    const own = from[axis - lead] ?? 1;
    return own === 1 ? 0 : sizeOf(from.slice(axis - lead + 1));
  });
  const places = new Uint32Array(sizeOf(to));
  for (let i = 0; i < places.length; i++) {
    let rest = i;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      places[i] += (rest % to[axis]) * steps[axis];
      rest = Math.floor(rest / to[axis]);
    }
  }
  return places;
}

const clip = (context: PlanContext) => {
  const bound = (input: number, name: string, absent: number) =>
    Number(context.constant(input)?.data[0] ?? context.attribute(name, absent));
  const low = bound(1, "min", Number.NEGATIVE_INFINITY);
  const high = bound(2, "max", Number.POSITIVE_INFINITY);
  return (x: number) => Math.min(Math.max(x, low), high);
};

/** Abramowitz and Stegun 7.1.26 is too coarse: a series for small arguments and a continued fraction for large ones. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 2.5) {
    let term = size;
    let sum = size;
    for (let n = 1; Math.abs(term) > 1e-17; n++) {
      term *= (-size * size) / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = size;
  for (let n = 40; n > 0; n--) fraction = size + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * fraction));
}

const gelu = ({ attribute }: PlanContext) =>
  attribute("approximate", "none") === "tanh"
    ? (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
    : (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2));

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Operators on elements. */
export const elementwiseOperators: Readonly<Record<string, Operator>> = {
  Relu: unary(() => (x) => Math.max(x, 0), true),
  LeakyRelu: unary(({ attribute }) => {
    const slope = attribute("alpha", 0.01);
    return (x) => (x < 0 ? slope * x : x);
  }),
  Sigmoid: unary(() => sigmoid),
  Tanh: unary(() => Math.tanh),
  Clip: unary(clip),
  HardSigmoid: unary(({ attribute }) => {
    const [slope, shift] = [attribute("alpha", 0.2), attribute("beta", 0.5)];
    return (x) => Math.min(Math.max(slope * x + shift, 0), 1);
  }),
  HardSwish: unary(() => (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1)),
  Elu: unary(({ attribute }) => {
    const alpha = attribute("alpha", 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  }),
  Gelu: unary(gelu),
  Erf: unary(() => erf),
  Exp: unary(() => Math.exp),
  Sqrt: unary(() => Math.sqrt),
  Neg: unary(() => (x) => -x),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Pow: binary((a, b) => a ** b),
};
