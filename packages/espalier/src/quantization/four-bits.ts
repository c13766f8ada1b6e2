import { type Attributes, int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model, type Node } from "../onnx/graph.ts";
import { withoutDeadParts } from "../onnx/simplify/dead.ts";
import { float32, type NumericTensor } from "../onnx/tensor.ts";
import type { Layer } from "../operators/layers.ts";
import { permuted } from "../operators/permute.ts";
import { type BlockedCodes, blocksIn, type Matrix } from "./blocks.ts";
import { takesRows } from "./gathered.ts";
import { hasIntegerKernel, unitsOf } from "./integer-layers.ts";
import { withOwnNames } from "./names.ts";

/** Operators beside ONNX's own that ONNX Runtime has everywhere. */
const MICROSOFT = "com.microsoft";

/**
 * Returns true for a layer whose weights blocks of four bits can hold: a MatMul, or a Gemm that adds at most a bias
 * (MatMulNBits); or a table that Gather takes whole rows of, which whole blocks fill (GatherBlockQuantized).
 */
export function mayBeFourBits(model: Model, layer: Layer, block: number): boolean {
  const { node, uses, weight, within, tensor } = layer;
  if (node.op !== "Gather") return node.op !== "Conv" && hasIntegerKernel(model, layer);
  const isTable = tensor.dims.length === 2 && tensor.dims[1] % block === 0;
  return isTable && within === undefined && uses.every((use) => takesRows(use, weight));
}

/** The weights of such a layer, a row for each output unit or entry. */
export function matrixOf({ node, tensor }: Pick<Layer, "node" | "tensor">): Matrix {
  const [first, second] = tensor.dims;
  if (node.op === "Gather" || unitsOf(node) === 0) return { rows: first, columns: second, data: tensor.data };
  return { rows: second, columns: first, data: permuted(tensor.data, tensor.dims, [1, 0]) };
}

/**
 * A network whose layers have weights of four bits.
 * @param codes by the names of the weights
 */
export function withFourBits(source: Model, codes: ReadonlyMap<string, BlockedCodes>): Model {
  const model = copyModel(source);
  if (codes.size === 0) return model;
  const graph = new GraphBuilder(model, "n");
  model.nodes = [];
  model.opsets.set(MICROSOFT, 1);
  const held = new Map<string, readonly string[]>();
  for (const node of source.nodes) {
    const isTable = node.op === "Gather";
    const weight = node.inputs[isTable ? 0 : 1] ?? "";
    const own = codes.get(weight);
    if (!own) {
      model.nodes.push(node);
      continue;
    }
    const parts =
      held.get(weight) ?? (isTable ? tableOf(own) : factorOf(own)).map((part) => graph.initializer("", part));
    held.set(weight, parts);
    const [first, second, bias] = node.inputs;
    const [output] = node.outputs;
    if (isTable) {
      model.nodes.push(microsoft(node, "GatherBlockQuantized", [parts[0], second, parts[1]], output, rowsOf(own)));
      continue;
    }
    const product = bias ? graph.fresh("") : output;
    model.nodes.push(microsoft(node, "MatMulNBits", [first, ...parts], product, productOf(own)));
    if (bias) graph.emit("Add", [product, bias], {}, output);
  }
  return withOwnNames(withoutDeadParts(model));
}

function microsoft({ name }: Node, op: string, inputs: string[], output: string, attributes: Attributes): Node {
  return { name, op, domain: MICROSOFT, inputs, outputs: [output], attributes };
}

const productOf = ({ rows, columns, block }: BlockedCodes): Attributes => ({
  ...{ K: int(columns), N: int(rows) },
  ...{ bits: int(4), block_size: int(block) },
});

const rowsOf = ({ block }: BlockedCodes): Attributes => ({
  ...{ gather_axis: int(0), quantize_axis: int(1) },
  ...{ bits: int(4), block_size: int(block) },
});

/** What MatMulNBits takes: codes [rows, blocks, block / 2] and a scale for each block. */
function factorOf(own: BlockedCodes): NumericTensor[] {
  const { rows, columns, block, scales } = own;
  const count = blocksIn(columns, block);
  const data = packed(own);
  return [{ dtype: "uint8", dims: [rows, count, block / 2], data }, float32([rows * count], scales)];
}

/** What GatherBlockQuantized takes: codes [rows, columns / 2] and scales [rows, blocks]. */
function tableOf(own: BlockedCodes): NumericTensor[] {
  const { rows, columns, block, scales } = own;
  const data = packed(own);
  return [{ dtype: "uint8", dims: [rows, columns / 2], data }, float32([rows, blocksIn(columns, block)], scales)];
}

/** Codes two to a byte, the lower half first, zero being 8; the last block of a row is filled up. */
function packed({ rows, columns, block, codes }: BlockedCodes): Uint8Array {
  const width = blocksIn(columns, block) * block;
  const data = new Uint8Array((rows * width) / 2).fill(0x88);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) {
      const at = row * width + j;
      const shift = 4 * (at % 2);
      data[at >> 1] = (data[at >> 1] & (0xf0 >> shift)) | ((codes[row * columns + j] + 8) << shift);
    }
  }
  return data;
}
