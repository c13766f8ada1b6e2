import { attribute, ints } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { Facets, LayerFacet, Matrices, ShapedUse, WeightUse } from "./facets.ts";
import { permuted } from "./permute.ts";
import { type Axis, along, foldInto, passAxes, range, type Side, type UnitContext, type UnitLinks } from "./units.ts";

const layer: LayerFacet = {
  operands: () => [0, 1],
  data: ({ inputs }, operand) => inputs[1 - operand],
  unitAxis: (use, rank) => rank - (areUnitsFirst(use) ? 2 : 1),
};

/** Returns true if Gemm reads an operand with rows and columns in each other's place. */
function isTurned({ node, operand }: WeightUse): boolean {
  return attribute(node, "int", operand === 0 ? "transA" : "transB", 0) === 1;
}

/** A matrix that multiplies from the right has its output units in its columns, from the left in its rows. */
function areUnitsFirst(use: WeightUse): boolean {
  return (use.operand === 0) !== isTurned(use);
}

function matrixOf(use: ShapedUse): Matrices | undefined {
  const { node, operand, dims, shape } = use;
  if (dims.length !== 2) return undefined;
  const data = node.inputs[1 - operand];
  const unitsFirst = areUnitsFirst(use);
  const [rows, columns] = unitsFirst ? dims : dims.toReversed();
  const rank = shape(data).length;
  // From the left, what is multiplied lies in the columns of the other factor.
  const upright = operand === 0 && rank > 1;
  const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  const inRows = (graph: GraphBuilder, value: string, size: number) => {
    const lying = upright ? graph.emit("Transpose", [value], { perm: ints(perm) }) : value;
    return graph.emit("Reshape", [lying, graph.ints([1, -1, size])]);
  };
  return {
    groups: 1,
    rows,
    columns,
    input: data,
    unfold: (graph, input) => inRows(graph, input, columns),
    arrange: (graph, output) => inRows(graph, output, rows),
    matrices: ({ data }) => (unitsFirst ? data : permuted(data, [columns, rows], [1, 0])),
    weights: (matrices) => float32(dims, unitsFirst ? matrices : permuted(matrices, [rows, columns], [1, 0])),
  };
}

/** The sides of a matrix that multiplies from the right, or from the left, between axes of its data and of the result. */
function sidesOf(unitsFirst: boolean, made: Axis, read: Axis): readonly [makes: Side, reads: Side] {
  const [units, columns] = unitsFirst ? [0, 1] : [1, 0];
  return [
    { units: made, axes: [units], tensorAxis: units },
    { units: read, axes: [columns], tensorAxis: columns },
  ];
}

function gemmUnits({ node, own }: UnitContext): UnitLinks | undefined {
  const [data, weight, bias] = node.inputs;
  const [output] = node.outputs;
  const matrix = own(weight);
  const added = own(bias);
  if (!matrix || (bias && !added)) return undefined;
  const turned = isTurned({ node, operand: 1 });
  const made = { value: output, axis: 1 };
  const [rowsOfData, columnsOfData] = isTurned({ node, operand: 0 }) ? [1, 0] : [0, 1];
  const outputs = matrix.dims[turned ? 0 : 1];
  // C may also have a number for each row, or one for all.
  if (added && (added.dims.at(-1) !== outputs || sizeOf(added.dims) !== outputs)) return undefined;
  const [makes, reads] = sidesOf(turned, made, { value: data, axis: columnsOfData });
  const plain = attribute(node, "float", "alpha", 1) === 1 && attribute(node, "float", "beta", 1) === 1;
  return {
    passages: [{ from: { value: data, axis: rowsOfData }, to: { value: output, axis: 0 } }],
    products: [
      {
        initializer: weight,
        view: matrix.dims,
        sides: [makes, reads],
        makes: [makes],
        reads: [reads],
        fold: plain ? foldInto(bias) : undefined,
      },
    ],
    held: added
      ? [
          along(
            bias,
            added.dims,
            added.dims.map((_, i) => (i === added.dims.length - 1 ? made : undefined)),
          ),
        ]
      : [],
    constant: (_to, index) => (plain ? (added?.data[index] ?? 0) : Number.NaN),
  };
}

function matmulUnits(context: UnitContext): UnitLinks | undefined {
  const { node, shape, own, bias } = context;
  const [output] = node.outputs;
  const rank = shape(output).length;
  const dims = node.inputs.map(shape);
  if (dims.some(({ length }) => length < 2)) return undefined;
  const operand = [1, 0].find((i) => own(node.inputs[i])?.dims.length === 2 && dims[1 - i].length === rank);
  if (operand === undefined) return stacked(node.inputs, output, dims, rank);
  const [weight, data] = [node.inputs[operand], node.inputs[1 - operand]];
  const axis = operand === 1 ? rank - 1 : rank - 2;
  const [makes, reads] = sidesOf(operand === 0, { value: output, axis }, { value: data, axis });
  const added = bias({ node, operand, dims: dims[operand] });
  const product = { initializer: weight, view: dims[operand], sides: [makes, reads], makes: [makes], reads: [reads] };
  return {
    passages: passAxes(
      data,
      output,
      range(rank).filter((other) => other !== axis),
    ),
    products: [{ ...product, fold: added === undefined ? undefined : { bias: added } }],
    constant: () => 0,
  };
}

/** A product of two values that are fed or computed: rows of the first, columns of the second, and what they share. */
function stacked(
  [first, second]: readonly string[],
  output: string,
  [a, b]: readonly (readonly number[])[],
  rank: number,
): UnitLinks {
  const shared = [first, second].flatMap((value, i) => {
    const dims = i === 0 ? a : b;
    return range(dims.length - 2).flatMap((axis) =>
      dims[axis] === 1 ? [] : [{ from: { value, axis }, to: { value: output, axis: axis + rank - dims.length } }],
    );
  });
  const rows = { from: { value: first, axis: a.length - 2 }, to: { value: output, axis: rank - 2 } };
  const columns = { from: { value: second, axis: b.length - 1 }, to: { value: output, axis: rank - 1 } };
  const summed = [
    { value: first, axis: a.length - 1 },
    { value: second, axis: b.length - 2 },
  ];
  return { passages: [...shared, rows, columns], sums: [summed] };
}

/** alpha A B + beta C */
export const Gemm = {
  weights: [0, 1, 2],
  layer,
  bias: {
    input: 2,
    shape(use) {
      const { operand, dims } = use;
      if (!dims) return undefined;
      const [first, second] = dims;
      if (operand === 1) return [isTurned(use) ? first : second];
      return [isTurned(use) ? second : first, 1];
    },
  },
  fit(use) {
    const { node, operand } = use;
    const scaled = attribute(node, "float", "alpha", 1) !== 1 || attribute(node, "float", "beta", 1) !== 1;
    // The other factor would have to be turned too.
    const otherTurned = isTurned({ node, operand: 1 - operand });
    return scaled || otherTurned ? undefined : matrixOf(use);
  },
  units: gemmUnits,
  macs({ node, shape }) {
    const [rows, columns] = shape(node.inputs[0]);
    return sizeOf(shape(node.outputs[0])) * (isTurned({ node, operand: 0 }) ? rows : columns);
  },
} as const satisfies Facets;

/** The product of matrices, or of stacks of them. */
export const MatMul = {
  weights: [0, 1],
  layer,
  bias: {
    shape({ operand, dims }) {
      if (!dims) return undefined;
      if (dims.length < 2) return [];
      return operand === 1 ? dims.slice(-1) : [dims[dims.length - 2], 1];
    },
  },
  fit: matrixOf,
  units: matmulUnits,
  macs: ({ node, shape }) => sizeOf(shape(node.outputs[0])) * (shape(node.inputs[0]).at(-1) ?? 1),
} as const satisfies Facets;
