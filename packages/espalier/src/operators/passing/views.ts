import { attribute } from "../../onnx/attributes.ts";
import type { Node } from "../../onnx/graph.ts";
import { int64s, integers } from "../../onnx/tensor.ts";
import { type Axis, type Passage, range, same, type UnitContext, type UnitLinks, type UnitRule } from "../units.ts";

/** Axes of one shape and of another that hold the same elements. */
interface Block {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Pairs the axes of two shapes of one size into the smallest blocks; those of size 1 are left out. */
function blocksOf(from: readonly number[], to: readonly number[]): Block[] {
  const blocks: Block[] = [];
  for (let i = 0, j = 0; i < from.length || j < to.length; ) {
    const [firstFrom, firstTo] = [i, j];
    let [a, b] = [from[i++] ?? 1, to[j++] ?? 1];
    while (a !== b) {
      if (a < b) a *= from[i++];
      else b *= to[j++];
    }
    const real = (dims: readonly number[], first: number, end: number) =>
      range(end - first)
        .map((k) => first + k)
        .filter((axis) => dims[axis] > 1);
    blocks.push({ from: real(from, firstFrom, i), to: real(to, firstTo, j) });
  }
  return blocks;
}

/** For each index of axes that lie in one, the index of one of them. */
function indicesOf(dims: readonly number[], axes: readonly number[], axis: number): number[] {
  const inner = axes.slice(axes.indexOf(axis) + 1).reduce((size, other) => size * dims[other], 1);
  const all = axes.reduce((size, other) => size * dims[other], 1);
  return range(all).map((index) => Math.floor(index / inner) % dims[axis]);
}

/**
 * The elements stay in their order, in another shape. Where several axes become one, a unit is seen at as many of its
 * indices as the others have; where one becomes several, the units that lie together in one of these go together: the
 * heads of attention, whatever lies before or behind them.
 */
function reshaped({ node, shape, carries, choose }: UnitContext): Passage[] | undefined {
  const [input] = node.inputs;
  const [output] = node.outputs;
  const [from, to] = [shape(input), shape(output)];
  if ([...from, ...to].includes(0)) return undefined;
  const passages: Passage[] = [];
  for (const block of blocksOf(from, to)) {
    const source = (axis: number): Axis => ({ value: input, axis });
    const target = (axis: number): Axis => ({ value: output, axis });
    const carrying = block.from.filter((axis) => carries(source(axis)));
    const [axis, ...others] = carrying;
    if (axis === undefined || others.length > 0) continue;
    if (block.to.length === 1) {
      const sources = block.from.length === 1 ? undefined : indicesOf(from, block.from, axis);
      passages.push({ from: source(axis), to: target(block.to[0]), sources });
    } else if (block.from.length === 1) {
      const chosen = block.to[choose(block.to.length)];
      passages.push({ from: source(axis), to: target(chosen), targets: indicesOf(to, block.to, chosen) });
    }
  }
  return passages;
}

const view: UnitRule = (context) => {
  const passages = reshaped(context);
  return passages && { passages, constant: same };
};

/** A shape that names the size of an axis with units gets the new one; -1 and 0 stay where they can. */
const reshape: UnitRule = (context) => {
  const { node, shape, constant } = context;
  const target = constant(node.inputs[1]);
  const passages = reshaped(context);
  if (!target || !passages) return undefined;
  const given = integers(target);
  if (attribute(node, "int", "allowzero", 0) === 1 && given.includes(0)) return undefined;
  const links: UnitLinks = { passages, constant: same };
  const [output] = node.outputs;
  const dims = shape(output);
  const passed = (side: "from" | "to", axis: number) => passages.filter((passage) => passage[side].axis === axis);
  const stays = (size: number, axis: number): boolean => {
    const [from, to] = [passed("from", axis), passed("to", axis)];
    if (size === -1) return true;
    // A zero copies the size of the input's axis, and is right where the same units lie along both.
    if (size === 0)
      return from.length === to.length && from.every((passage) => to.includes(passage) && !isFolded(passage));
    return to.length === 0;
  };
  if (given.every(stays)) return links;
  return {
    ...links,
    resized(left) {
      const sizes = given.map((size, axis) => {
        if (stays(size, axis)) return size;
        return passed("to", axis).length > 0 ? left({ value: output, axis }) : dims[axis];
      });
      return { constants: new Map([[1, int64s(sizes)]]) };
    },
  };
};

function isFolded({ sources, targets }: Passage): boolean {
  return sources !== undefined || targets !== undefined;
}

const transpose: UnitRule = ({ node, shape }) => {
  const [value] = node.inputs;
  const rank = shape(value).length;
  const perm = attribute(node, "ints", "perm", range(rank).reverse());
  const [output] = node.outputs;
  return {
    passages: perm.map((axis, i) => ({ from: { value, axis }, to: { value: output, axis: i } })),
    constant: same,
  };
};

/**
 * Sizes are asked for of axes that may have units; where all that reads them picks others, such as that of the batch, it
 * does not matter how many there are.
 */
const shapeOf: UnitRule = (context) => {
  const { node, shape, readers } = context;
  const [value] = node.inputs;
  const [sizes] = node.outputs;
  const rank = shape(value).length;
  const within = (axis: number) => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
  const first = within(attribute(node, "int", "start", 0));
  const asked = readers(sizes)?.map((reader) => placesRead(context, reader, shape(sizes)[0]));
  if (!asked || asked.includes(undefined)) return undefined;
  const seen = new Set(asked.flat().map((place) => first + (place ?? 0)));
  return { unseen: range(rank).flatMap((axis) => (seen.has(axis) ? [] : [{ value, axis }])) };
};

/** The places of a vector that a node picks; undefined where it may look at any. */
function placesRead({ constant }: UnitContext, { op, inputs }: Node, length: number): number[] | undefined {
  const [, ...given] = inputs.map((input) => (input ? constant(input) : undefined));
  const [first, second, , step] = given.map((tensor) => tensor && integers(tensor));
  const within = (place: number) => (place < 0 ? place + length : place);
  if (op === "Gather") return first?.map(within);
  if (op !== "Slice" || !first || !second || (inputs[4] && step?.[0] !== 1)) return undefined;
  const [begin, end] = [within(first[0]), Math.min(within(second[0]), length)];
  return range(Math.max(0, end - begin)).map((i) => begin + i);
}

/** Operators that look at the same elements another way. */
export const viewRules = {
  Shape: shapeOf,
  Flatten: view,
  Reshape: reshape,
  Squeeze: view,
  Unsqueeze: view,
  Transpose: transpose,
} as const satisfies Readonly<Record<string, UnitRule>>;
