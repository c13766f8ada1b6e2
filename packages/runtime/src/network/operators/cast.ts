import { int, only } from "../attributes.ts";
import { type ElementType, typeOf } from "../elements.ts";
import { halfOf, numberOf } from "../half.ts";
import { needed, type Operators, operator, type Planning, type Step, type Value } from "../operator.ts";
import { isBig } from "./elementwise.ts";
import { ANY } from "./types.ts";

/** A number in another type: floats are cut towards zero, and what is not zero is true. */
function cast(context: Planning, x: Value, type: ElementType): Step | undefined {
  if (type === x.type) {
    context.alias(x, x.dims);
    return undefined;
  }
  const [input, output] = [context.view(x), context.view(context.output(type, x.dims))];
  const read = x.type === "float16" ? numberOf : asItIs;
  const write = writers[type] ?? asItIs;
  return () => {
    const [from, to] = [input(), output()];
    if (isBig(to)) for (let i = 0; i < to.length; i++) to[i] = isBig(from) ? from[i] : bigOf(read(from[i]));
    else if (isBig(from)) for (let i = 0; i < to.length; i++) to[i] = write(low(from, i, type));
    else for (let i = 0; i < to.length; i++) to[i] = write(read(from[i]));
  };
}

const asItIs = (x: number) => x;

/** How a number becomes an element, where an array does not see to it. */
const writers: Partial<Record<ElementType, (x: number) => number>> = {
  bool: (x) => (x === 0 ? 0 : 1),
  float16: halfOf,
};

/** The number of 64 bits that a float is cut to: the least one for what has none, as processors do. */
function bigOf(x: number): bigint {
  return Math.abs(x) < 2 ** 63 ? BigInt(Math.trunc(x)) : -(2n ** 63n);
}

/** Of 64 bits the low ones, for a type of whole numbers; a float takes the nearest. */
function low(from: BigInt64Array | BigUint64Array, i: number, type: ElementType): number {
  const whole = type !== "bool" && !type.startsWith("float");
  return Number(whole ? BigInt.asIntN(32, from[i]) : from[i]);
}

/** How a cast to eight-bit floats rounds, since operator sets 19 and 24: none is one here. */
const saturate = only(1);

/** Changes of element type. */
export const castOperators: Operators = {
  Cast: operator({
    since: 6,
    inputs: { input: needed(ANY) },
    attributes: { to: int(), saturate },
    plan(context) {
      const { to } = context.attributes;
      const type = typeOf(to);
      return type
        ? cast(context, context.inputs.input, type)
        : context.refuse(`makes elements of the type ${to} of ONNX`);
    },
  }),
  CastLike: operator({
    since: 15,
    inputs: { input: needed(ANY), target_type: needed(ANY, { reads: "shape" }) },
    attributes: { saturate },
    plan: (context) => cast(context, context.inputs.input, context.inputs.target_type.type),
  }),
};
