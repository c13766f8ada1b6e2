import { UserError } from "../../errors.ts";
import { int } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator } from "../operator.ts";
import { axisIn, wordsIn, wordsOf } from "./shapes.ts";
import { ANY, INDICES } from "./types.ts";

/** An index that may be counted from the end. @throws UserError when there is no such element */
export function placeAt(index: number, count: number): number {
  if (!(index >= -count && index < count)) {
    throw new UserError(`There is no row ${index} of ${count} to look up: feed indices of what is there.`);
  }
  return index < 0 ? index + count : index;
}

const gather = operator({
  since: 1,
  inputs: { data: needed(ANY), indices: needed(INDICES) },
  attributes: { axis: int(0) },
  plan(context) {
    const { data, indices } = context.inputs;
    const axis = axisIn(context, context.attributes.axis, data.dims.length);
    const count = data.dims[axis];
    const row = sizeOf(data.dims.slice(axis + 1)) * wordsIn(data.type);
    const outer = sizeOf(data.dims.slice(0, axis));
    const y = context.output(data.type, [...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)]);
    const [input, output, asked] = [wordsOf(context, data), wordsOf(context, y), context.view(indices)];
    return () => {
      const [from, to, rows] = [input(), output(), asked()];
      let at = 0;
      for (let i = 0; i < outer; i++) {
        for (let k = 0; k < rows.length; k++) {
          const start = (i * count + placeAt(Number(rows[k]), count)) * row;
          to.set(from.subarray(start, start + row), at);
          at += row;
        }
      }
    };
  },
});

/** Operators that look elements up. */
export const gatherOperators: Operators = { Gather: gather };
