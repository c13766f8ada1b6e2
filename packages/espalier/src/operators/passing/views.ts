import { attribute } from "../../onnx/attributes.ts";
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
 * indices as the others have; where one becomes several, the units that lie together in the first go together.
 */
function reshaped({ node, shape, carries }: UnitContext): Passage[] | undefined {
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
      const targets = indicesOf(to, block.to, block.to[0]);
      passages.push({ from: source(axis), to: target(block.to[0]), targets });
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

/** Operators that look at the same elements another way. */
export const viewRules = {
  Flatten: view,
  Reshape: reshape,
  Squeeze: view,
  Unsqueeze: view,
  Transpose: transpose,
} as const satisfies Readonly<Record<string, UnitRule>>;
