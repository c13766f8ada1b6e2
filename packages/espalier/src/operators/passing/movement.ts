import { attribute, ints } from "../../onnx/attributes.ts";
import { int64s, integers } from "../../onnx/tensor.ts";
import {
  type Axis,
  along,
  type Held,
  type Passage,
  passAxes,
  range,
  same,
  type UnitContext,
  type UnitRule,
} from "../units.ts";

/** The given axis, counted from the front. */
function axisOf({ node, shape }: UnitContext, absent: number): number {
  const axis = attribute(node, "int", "axis", absent);
  return axis < 0 ? axis + shape(node.inputs[0]).length : axis;
}

/** Units of the joined axis lie one behind the other; on other axes those of all parts become one. */
const concat: UnitRule = (context) => {
  const { node, shape, own } = context;
  const [output] = node.outputs;
  const joined = axisOf(context, 0);
  const passages: Passage[] = [];
  const held: Held[] = [];
  let before = 0;
  for (const value of node.inputs) {
    const dims = shape(value);
    const first = before;
    const others = range(dims.length).filter((axis) => axis !== joined);
    if (own(value)) {
      const units = dims.map((_, axis): Axis | undefined => (axis === joined ? undefined : { value: output, axis }));
      held.push(along(value, dims, units));
    } else {
      passages.push(...passAxes(value, output, others));
    }
    const targets = range(dims[joined]).map((i) => first + i);
    passages.push({ from: { value, axis: joined }, to: { value: output, axis: joined }, targets });
    before += dims[joined];
  }
  return { passages, held, constant: same };
};

/** The parts of an axis; the node is told their new sizes. */
const split: UnitRule = (context) => {
  const { node, opset, shape, carries } = context;
  const [value] = node.inputs;
  const axis = axisOf(context, 0);
  if (node.outputs.includes("")) return undefined;
  const passages: Passage[] = [];
  let before = 0;
  for (const output of node.outputs) {
    const dims = shape(output);
    const others = range(dims.length).filter((other) => other !== axis);
    const first = before;
    passages.push(...passAxes(value, output, others));
    passages.push({
      from: { value, axis },
      to: { value: output, axis },
      sources: range(dims[axis]).map((i) => first + i),
    });
    before += dims[axis];
  }
  if (!carries({ value, axis })) return { passages, constant: same };
  return {
    passages,
    constant: same,
    resized(left) {
      const sizes = node.outputs.map((output) => left({ value: output, axis }));
      const { num_outputs: _, ...attributes } = node.attributes;
      if (opset < 13) return { attributes: { ...attributes, split: ints(sizes) } };
      return { attributes, constants: new Map([[1, int64s(sizes)]]) };
    },
  };
};

/** A part of an axis with units gets its new bounds; where bounds are computed, axes of which all is taken stay. */
const slice: UnitRule = (context) => {
  const { node, opset, shape, constant, carries } = context;
  const [value] = node.inputs;
  const [output] = node.outputs;
  const [from, to] = [shape(value), shape(output)];
  const listed = (input: number, name: string) => {
    const given = node.inputs[input] ? constant(node.inputs[input]) : undefined;
    return given ? integers(given) : attribute(node, "ints", name, undefined);
  };
  const starts = listed(1, "starts");
  const named = node.inputs[3] || node.attributes.axes;
  const listedAxes = named ? listed(3, "axes") : starts?.map((_, i) => i);
  const axes = listedAxes?.map((axis) => (axis < 0 ? axis + from.length : axis));
  const steps = node.inputs[4] ? listed(4, "steps") : starts?.map(() => 1);
  const isWhole = (axis: number) => from[axis] === to[axis];
  const isStepped = steps?.some((step) => step !== 1) ?? true;
  // A slice that turns an axis round has all of it too.
  const whole = isStepped
    ? range(from.length).filter((axis) => axes && !axes.includes(axis))
    : range(from.length).filter(isWhole);
  const passages: Passage[] = passAxes(value, output, whole);
  if (isStepped || !starts || !axes) return { passages, constant: same };
  const parts = axes.flatMap((axis, i) => (isWhole(axis) ? [] : [{ axis, start: beginOf(starts[i], from[axis]) }]));
  for (const { axis, start } of parts) {
    const sources = range(to[axis]).map((i) => start + i);
    passages.push({ from: { value, axis }, to: { value: output, axis }, sources });
  }
  const cut = parts.filter(({ axis }) => carries({ value, axis }));
  if (cut.length === 0) return { passages, constant: same };
  return {
    passages,
    constant: same,
    resized(left) {
      const begins = cut.map(({ axis, start }) => left({ value, axis }, 0, start));
      const ends = cut.map(({ axis }, i) => begins[i] + left({ value: output, axis }));
      const ofOthers = parts.filter((part) => !cut.includes(part));
      const sliced = [...cut, ...ofOthers].map(({ axis }) => axis);
      const first = [...begins, ...ofOthers.map(({ start }) => start)];
      const last = [...ends, ...ofOthers.map(({ axis, start }) => start + to[axis])];
      if (opset < 10) return { attributes: { starts: ints(first), ends: ints(last), axes: ints(sliced) } };
      const bounds = [first, last, sliced, sliced.map(() => 1)].map(int64s);
      return { constants: new Map(bounds.map((bound, i) => [i + 1, bound])) };
    },
  };
};

/** The first index that a slice takes of an axis. */
function beginOf(start: number, size: number): number {
  return Math.min(Math.max(start < 0 ? start + size : start, 0), size);
}

/** Axes that are not padded stay; a zero stays one where zeros are put around it. */
const pad: UnitRule = ({ node, shape, constant }) => {
  const [value, given, number] = node.inputs;
  const [output] = node.outputs;
  const rank = shape(value).length;
  const listed = constant(given);
  const pads = listed ? integers(listed) : attribute(node, "ints", "pads", []);
  const axes = node.inputs[3] ? constant(node.inputs[3]) : undefined;
  if (pads.length === 0 || (node.inputs[3] && !axes)) return undefined;
  const padded = axes ? integers(axes) : range(rank);
  const touched = new Set(
    padded
      .filter((_, i) => pads[i] !== 0 || pads[i + padded.length] !== 0)
      .map((axis) => (axis < 0 ? axis + rank : axis)),
  );
  const zeros =
    attribute(node, "string", "mode", "constant") === "constant" &&
    Number((number && constant(number)?.data[0]) || attribute(node, "float", "value", 0)) === 0 &&
    (!number || constant(number) !== undefined);
  return {
    passages: passAxes(
      value,
      output,
      range(rank).filter((axis) => !touched.has(axis)),
    ),
    constant: (_to, _index, [x]) => (x === 0 && zeros ? 0 : Number.NaN),
  };
};

/** Samples and channels stay where they are; where the sizes of the result are named, the node is told the new ones. */
const resize: UnitRule = ({ node, shape, constant, carries }) => {
  const [value] = node.inputs;
  const [output] = node.outputs;
  const axes = [0, 1].filter((axis) => shape(value)[axis] === shape(output)[axis]);
  const passages = passAxes(value, output, axes);
  const named = node.inputs[3];
  if (!named || node.attributes.axes) return named ? undefined : { passages };
  const given = constant(named);
  const carrying = axes.filter((axis) => carries({ value, axis }));
  if (!given || carrying.length === 0) return given && { passages };
  const sizes = integers(given);
  return {
    passages,
    resized(left) {
      const now = sizes.map((size, axis) => (carrying.includes(axis) ? left({ value: output, axis }) : size));
      return { constants: new Map([[3, int64s(now)]]) };
    },
  };
};

/** Operators that bring elements elsewhere. */
export const movementRules = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Resize: resize,
  Upsample: resize,
} as const satisfies Readonly<Record<string, UnitRule>>;
