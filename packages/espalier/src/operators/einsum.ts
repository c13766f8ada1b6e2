import { string } from "../onnx/attributes.ts";
import { type Equation, equationOf, isSpelledOut } from "../onnx/equation.ts";
import type { Node } from "../onnx/graph.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { Facets, Matrices, ShapedUse } from "./facets.ts";
import { inverse, permuted } from "./permute.ts";
import type { Axis, Side, UnitContext, UnitLinks } from "./units.ts";

/** The letters of a product of weights and data, by what becomes of their axes. */
export interface Letters {
  readonly weights: string;
  readonly data: string;
  readonly result: string;
  /** Those of weights, data and result, in its order: each index has a product of its own. */
  readonly groups: string;
  /** Those of weights and result, in its order. */
  readonly rows: string;
  /** Those of weights and data: they are summed over. */
  readonly columns: string;
  /** Those of data and result. */
  readonly places: string;
}

/**
 * Sorts the letters of a product of two operands.
 * @param ranks of the operands; left out: an equation with an ellipsis is not read
 * @returns undefined for other equations, and those with a diagonal or a sum over an axis of one operand alone
 */
function lettersOf(node: Node, operand: number, ranks?: readonly number[]): Letters | undefined {
  if (node.inputs.length !== 2 || !(ranks || isSpelledOut(node))) return undefined;
  const { operands, result } = equationOf(node, ranks ?? []);
  if (operands.some((letters) => new Set(letters).size < letters.length)) return undefined;
  const [weights, data] = [operands[operand], operands[1 - operand]];
  const pick = (from: string, test: (letter: string) => boolean) => [...from].filter(test).join("");
  const letters = {
    weights,
    data,
    result,
    groups: pick(result, (letter) => weights.includes(letter) && data.includes(letter)),
    rows: pick(result, (letter) => weights.includes(letter) && !data.includes(letter)),
    columns: pick(weights, (letter) => data.includes(letter) && !result.includes(letter)),
    places: pick(data, (letter) => result.includes(letter) && !weights.includes(letter)),
  };
  const { groups, rows, columns, places } = letters;
  const inProducts = weights.length === groups.length + rows.length + columns.length;
  return inProducts && data.length === groups.length + columns.length + places.length ? letters : undefined;
}

/** The size of each letter's axis, the larger where one is stretched. */
function sizesOf({ operands }: Equation, shapes: readonly (readonly number[])[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [i, letters] of operands.entries()) {
    for (const [axis, letter] of [...letters].entries()) {
      sizes.set(letter, Math.max(sizes.get(letter) ?? 1, shapes[i][axis]));
    }
  }
  return sizes;
}

function contracted({ node, operand, dims, shape }: ShapedUse): Matrices | undefined {
  const input = node.inputs[1 - operand];
  const ranks = node.inputs.map((name) => shape(name).length);
  const letters = lettersOf(node, operand, ranks);
  if (!letters) return undefined;
  const { weights, data, groups, rows, columns, places } = letters;
  const sizes = sizesOf({ operands: [weights, data], result: "" }, [dims, shape(input)]);
  const stretched = [...data].some((letter, axis) => sizes.get(letter) !== shape(input)[axis]);
  if (stretched || [...weights].some((letter, axis) => sizes.get(letter) !== dims[axis])) return undefined;
  const count = (of: string) => sizeOf([...of].map((letter) => sizes.get(letter) ?? 1));
  const perm = [...(groups + rows + columns)].map((letter) => weights.indexOf(letter));
  const turned = perm.map((axis) => dims[axis]);
  return {
    groups: count(groups),
    rows: count(rows),
    columns: count(columns),
    input,
    unfold(graph, value) {
      const equation = string(`${data}->${groups}${places}${columns}`);
      const seen = graph.emit("Einsum", [value], { equation });
      return graph.emit("Reshape", [seen, graph.ints([count(groups), -1, count(columns)])]);
    },
    matrices: ({ data }) => permuted(data, dims, perm),
    weights: (matrices) => float32(dims, permuted(matrices, turned, inverse(perm))),
  };
}

/** Letters tie axes; those that weights alone bring into the result are new units. */
function named({ node, shape, own }: UnitContext): UnitLinks | undefined {
  const shapes = node.inputs.map(shape);
  const ranks = shapes.map(({ length }) => length);
  const [output] = node.outputs;
  const { operands, result } = equationOf(node, ranks);
  const spread = [...result].some((letter, axis) =>
    operands.some(
      (letters, i) => letters.includes(letter) && shapes[i][letters.indexOf(letter)] !== shape(output)[axis],
    ),
  );
  if (spread || operands.some((letters) => new Set(letters).size < letters.length)) return undefined;
  const axisOf = (letters: string, value: string) => (letter: string) => ({ value, axis: letters.indexOf(letter) });
  const target = axisOf(result, output);
  const operand = [1, 0].find((i) => own(node.inputs[i]) && lettersOf(node, i, ranks));
  const letters = operand === undefined ? undefined : lettersOf(node, operand, ranks);
  const passages = operands.flatMap((own, i) =>
    [...own].flatMap((letter) =>
      i === operand || !result.includes(letter)
        ? []
        : [{ from: axisOf(own, node.inputs[i])(letter), to: target(letter) }],
    ),
  );
  // Of two values that are computed, an index that both have is summed over with its terms in both.
  const [first, second, ...more] = operands;
  const sizeIn = (i: number, letter: string) => shapes[i][operands[i].indexOf(letter)];
  const summed = [...first]
    .filter((letter) => second?.includes(letter) && !result.includes(letter) && more.length === 0)
    .filter((letter) => sizeIn(0, letter) === sizeIn(1, letter))
    .map((letter) => [axisOf(first, node.inputs[0])(letter), axisOf(second, node.inputs[1])(letter)]);
  if (operand === undefined || !letters) return { passages, sums: summed };
  const { weights, data, groups, rows, columns } = letters;
  const side =
    (units: (letter: string) => Axis) =>
    (letter: string): Side => {
      const axis = weights.indexOf(letter);
      return { units: units(letter), axes: [axis], tensorAxis: axis };
    };
  const makes = [...rows].map(side(target));
  const reads = [...columns].map(side(axisOf(data, node.inputs[1 - operand])));
  const sides = [...makes, ...reads, ...[...groups].map(side(target))];
  return {
    passages,
    products: [{ initializer: node.inputs[operand], view: shapes[operand], sides, makes, reads }],
    constant: (_to, _index, terms) => (terms.length === 0 ? 0 : Number.NaN),
  };
}

/** A sum of products over axes that an equation names. */
export const Einsum = {
  weights: [0, 1],
  layer: {
    // What each of three operands multiplies is not a value of the network.
    operands: ({ inputs }) => (inputs.length === 2 ? [0, 1] : []),
    data: ({ inputs }, operand) => inputs[1 - operand],
    unitAxis({ node, operand }) {
      const { weights, rows } = lettersOf(node, operand) ?? { weights: "", rows: "" };
      return rows === "" ? 0 : weights.indexOf(rows[0]);
    },
  },
  bias: {
    shape({ node, operand, dims }) {
      const letters = dims && lettersOf(node, operand);
      if (!letters) return undefined;
      const { weights, result, groups, rows } = letters;
      const units = [...result].filter((letter) => weights.includes(letter)).join("");
      // The order of a bias is that of the result, and that of matrices has groups first.
      if (units !== groups + rows) return undefined;
      const sizes = [...result].map((letter) => (units.includes(letter) ? dims[weights.indexOf(letter)] : 1));
      return sizes.slice(result.indexOf(units[0]));
    },
  },
  fit: contracted,
  units: named,
  macs({ node, shape }) {
    const shapes = node.inputs.map(shape);
    const ranks = shapes.map(({ length }) => length);
    return sizeOf([...sizesOf(equationOf(node, ranks), shapes).values()]);
  },
} as const satisfies Facets;
