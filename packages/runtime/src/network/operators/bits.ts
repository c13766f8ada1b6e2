import { oneOf } from "../attributes.ts";
import type { ElementType } from "../elements.ts";
import { needed, type Operators, operator } from "../operator.ts";
import { type Arithmetic, combine } from "./elementwise.ts";
import { eachOf } from "./math.ts";

const UNSIGNED = ["uint8", "uint16", "uint32", "uint64"] as const satisfies readonly ElementType[];
const WHOLE = [...UNSIGNED, "int8", "int16", "int32", "int64"] as const;

const shift = operator({
  since: 11,
  inputs: { x: needed(UNSIGNED), y: needed(UNSIGNED, { like: "x" }) },
  attributes: { direction: oneOf("none", "LEFT", "RIGHT") },
  plan(context) {
    const { x, y } = context.inputs;
    const { direction } = context.attributes;
    if (direction === "none") return context.refuse("shifts in no direction");
    // A shift by all bits or more leaves nothing, which JavaScript's operators do not know.
    const power = (n: number) => (direction === "LEFT" ? 2 ** n : 2 ** -n);
    return combine(context, x, y, {
      float: (a, n) => (n < 32 ? Math.floor(a * power(n)) % 2 ** 32 : 0),
      big: (a, n) => (n >= 64n ? 0n : direction === "LEFT" ? a << n : a >> n),
    });
  },
});

function bitwise(arithmetic: Arithmetic) {
  return operator({
    since: 18,
    inputs: { a: needed(WHOLE), b: needed(WHOLE, { like: "a" }) },
    attributes: {},
    plan: (context) => combine(context, context.inputs.a, context.inputs.b, arithmetic),
  });
}

/** Operators on the bits of whole numbers. */
export const bitOperators: Operators = {
  BitShift: shift,
  BitwiseAnd: bitwise({ float: (a, b) => a & b, big: (a, b) => a & b }),
  BitwiseOr: bitwise({ float: (a, b) => a | b, big: (a, b) => a | b }),
  BitwiseXor: bitwise({ float: (a, b) => a ^ b, big: (a, b) => a ^ b }),
  BitwiseNot: eachOf(
    WHOLE,
    18,
    (x) => ~x,
    (x) => ~x,
  ),
};
