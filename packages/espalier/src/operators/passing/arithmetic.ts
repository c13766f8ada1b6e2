import { sizeOf } from "../../onnx/tensor.ts";
import type { Axis, Held, Passage, UnitContext, UnitRule } from "../units.ts";

/** What an operand adds to a constant: the term of a passage, or numbers of its own. */
type Operand = (to: Axis, index: number, next: () => number) => number;

/**
 * Values whose elements meet, with broadcasting: their units become one. A constant beside them has an entry for each
 * unit, or one for all.
 * @param element the operator's function of constants
 * @param neutralSecond what stands for removed entries of a constant second operand
 */
function broadcast(element: (terms: readonly number[]) => number, neutralSecond = 0): UnitRule {
  return (context) => {
    const { node, shape, own } = context;
    const [output] = node.outputs;
    const rank = shape(output).length;
    const passages: Passage[] = [];
    const held: Held[] = [];
    const operands: Operand[] = [];
    for (const [i, input] of node.inputs.entries()) {
      const dims = shape(input);
      // Shapes are aligned to the right.
      const to = (axis: number): Axis => ({ value: output, axis: axis + rank - dims.length });
      const axes = dims.flatMap((size, axis) => (size === 1 ? [] : [axis]));
      if (own(input)) {
        const sides = axes.map((axis) => ({ units: to(axis), axes: [axis], tensorAxis: axis }));
        held.push({ initializer: input, view: dims, sides, neutral: i === 1 ? neutralSecond : 0 });
      } else {
        passages.push(...axes.map((axis) => ({ from: { value: input, axis }, to: to(axis) })));
      }
      operands.push(operandOf(context, input, to, axes));
    }
    return {
      passages,
      held,
      constant(to, index, terms) {
        const left = [...terms];
        return element(operands.map((operand) => operand(to, index, () => left.shift() ?? Number.NaN)));
      },
    };
  };
}

function operandOf({ constant, own }: UnitContext, input: string, to: (axis: number) => Axis, axes: number[]): Operand {
  const tensor = constant(input);
  const number = tensor && sizeOf(tensor.dims) === 1 ? Number(tensor.data[0]) : undefined;
  if (number !== undefined) return () => number;
  if (!own(input)) {
    const passed = new Set(axes.map((axis) => to(axis).axis));
    return ({ axis }, _index, next) => (passed.has(axis) ? next() : Number.NaN);
  }
  const [only, ...others] = axes.map((axis) => to(axis).axis);
  return ({ axis }, index) => (axis === only && others.length === 0 ? Number(tensor?.data[index]) : Number.NaN);
}

const reduce = (f: (a: number, b: number) => number) => (terms: readonly number[]) => terms.reduce(f);
const add = reduce((a, b) => a + b);
const unknown = () => Number.NaN;

/** Arithmetic on elements of several values. */
export const arithmeticRules = {
  Add: broadcast(add),
  Sum: broadcast(add),
  Sub: broadcast(reduce((a, b) => a - b)),
  // Nothing is left of what is multiplied by zero.
  Mul: broadcast((terms) => (terms.includes(0) ? 0 : terms.reduce((a, b) => a * b))),
  Div: broadcast(
    reduce((a, b) => a / b),
    1,
  ),
  Max: broadcast((terms) => Math.max(...terms)),
  Min: broadcast((terms) => Math.min(...terms)),
  Mean: broadcast((terms) => add(terms) / terms.length),
  Pow: broadcast(
    reduce((a, b) => a ** b),
    1,
  ),
  Mod: broadcast(unknown, 1),
  Where: broadcast(unknown),
} as const satisfies Readonly<Record<string, UnitRule>>;

/** x, or slope x where x is below zero. */
export const prelu: UnitRule = broadcast(([x, slope]) => (x < 0 ? slope * x : x));
