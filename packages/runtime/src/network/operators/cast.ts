import { int, only } from "../attributes.ts";
import { type ElementType, type Numbers, typeOf } from "../elements.ts";
import { needed, type Operators, operator } from "../operator.ts";
import { isBig } from "./elementwise.ts";
import { COMPARED } from "./types.ts";

/** Writes numbers in another type: floats are cut towards zero, and what is not zero is true. */
function convert(from: Numbers, to: Numbers, type: ElementType): void {
  if (isBig(to)) {
    for (let i = 0; i < to.length; i++) to[i] = bigOf(from[i]);
    return;
  }
  if (type === "bool") {
    for (let i = 0; i < to.length; i++) to[i] = Number(from[i]) === 0 ? 0 : 1;
    return;
  }
  for (let i = 0; i < to.length; i++) to[i] = isBig(from) ? wrapped(from[i], type) : from[i];
}

/** The number of 64 bits that a float is cut to: the least one for what has none, as processors do. */
function bigOf(x: number | bigint): bigint {
  if (typeof x === "bigint") return x;
  return Math.abs(x) < 2 ** 63 ? BigInt(Math.trunc(x)) : -(2n ** 63n);
}

/** Of 64 bits, the low ones; a float takes the nearest. */
function wrapped(x: bigint, type: ElementType): number {
  return type === "float32" || type === "float64" ? Number(x) : Number(BigInt.asIntN(32, x));
}

const cast = operator({
  since: 6,
  inputs: { input: needed(COMPARED) },
  // How a cast to eight-bit floats rounds, since operator sets 19 and 24: none is one here.
  attributes: { to: int(), saturate: only(1) },
  plan(context) {
    const { input: x } = context.inputs;
    const type = typeOf(context.attributes.to);
    if (!type || type === "float16") {
      return context.refuse(`makes elements of the type ${context.attributes.to} of ONNX`);
    }
    if (type === x.type) {
      context.alias(x, x.dims);
      return undefined;
    }
    const [input, output] = [context.view(x), context.view(context.output(type, x.dims))];
    return () => convert(input(), output(), type);
  },
});

/** Changes of element type. */
export const castOperators: Operators = { Cast: cast };
