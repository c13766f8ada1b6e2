import { UserError } from "../../errors.ts";
import { int } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator } from "../operator.ts";
import { axisIn, placesOf, stepsOf, wordsIn, wordsOf } from "./shapes.ts";
import { ANY, INDICES, INT64 } from "./types.ts";

/** An index that may be counted from the end. @throws UserError when there is no such element */
export function placeAt(index: number, count: number): number {
  if (!(index >= -count && index < count)) {
    throw new UserError(`There is no row ${index} of ${count} to look up: feed indices of what is there.`);
  }
  return index < 0 ? index + count : index;
}

/** Slices along an axis, by indices of any shape. */
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

/** For each index the element that stands where it does, but for its place along the axis. */
const gatherElements = operator({
  since: 11,
  inputs: { data: needed(ANY), indices: needed(INDICES) },
  attributes: { axis: int(0) },
  plan(context) {
    const { data, indices } = context.inputs;
    const { dims } = data;
    const axis = axisIn(context, context.attributes.axis, dims.length);
    const fits = indices.dims.length === dims.length && indices.dims.every((dim, i) => i === axis || dim <= dims[i]);
    if (!fits) context.wrong(`looks up [${indices.dims}] in [${dims}]`);
    const steps = stepsOf(dims);
    const places = placesOf(
      indices.dims,
      steps.map((step, i) => (i === axis ? 0 : step)),
    );
    const words = wordsIn(data.type);
    const output = wordsOf(context, context.output(data.type, indices.dims));
    const [input, asked] = [wordsOf(context, data), context.view(indices)];
    return () => {
      const [from, to, rows] = [input(), output(), asked()];
      for (let i = 0; i < rows.length; i++) {
        const at = places[i] + placeAt(Number(rows[i]), dims[axis]) * steps[axis];
        for (let k = 0; k < words; k++) to[i * words + k] = from[at * words + k];
      }
    };
  },
});

/** Slices by the first of several axes at once: the last axis of the indices has one for each. */
const gatherND = operator({
  since: 11,
  inputs: { data: needed(ANY), indices: needed(INT64) },
  attributes: { batch_dims: int(0) },
  plan(context) {
    const { data, indices } = context.inputs;
    const { batch_dims: batch } = context.attributes;
    const depth = indices.dims.at(-1) ?? 0;
    const shared = data.dims.slice(0, batch);
    if (batch + depth > data.dims.length || shared.join() !== indices.dims.slice(0, batch).join()) {
      context.wrong(`looks up [${indices.dims}] in [${data.dims}]`);
    }
    const [steps, words] = [stepsOf(data.dims), wordsIn(data.type)];
    const rest = data.dims.slice(batch + depth);
    const size = sizeOf(rest) * words;
    const y = context.output(data.type, [...indices.dims.slice(0, -1), ...rest]);
    const [input, output, asked] = [wordsOf(context, data), wordsOf(context, y), context.view(indices)];
    const perBatch = sizeOf(indices.dims.slice(batch, -1));
    const pitch = sizeOf(data.dims.slice(batch)) * words;
    const rows = sizeOf(indices.dims.slice(0, -1));
    return () => {
      const [from, to, places] = [input(), output(), asked()];
      for (let i = 0; i < rows; i++) {
        let at = Math.floor(i / perBatch) * pitch;
        for (let k = 0; k < depth; k++) {
          at += placeAt(Number(places[i * depth + k]), data.dims[batch + k]) * steps[batch + k] * words;
        }
        to.set(from.subarray(at, at + size), i * size);
      }
    };
  },
});

/** Operators that look elements up. */
export const gatherOperators: Operators = { Gather: gather, GatherElements: gatherElements, GatherND: gatherND };
