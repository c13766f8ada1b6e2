import { int, unused } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { elementsOf } from "../matrix-elements.ts";
import { needed, type Operators, operator, optional, type Planning } from "../operator.ts";
import { ScaledMatrix } from "../scaled-matrix.ts";
import { multiply } from "./dense.ts";
import { placeAt } from "./gather.ts";
import { FLOAT, INDICES } from "./types.ts";

/** The numbers of a few bits in a row of bytes, the low ones first. */
function unpacked(bytes: Uint8Array, bits: number, place: number): number {
  const perByte = 8 / bits;
  return (bytes[Math.floor(place / perByte)] >> (bits * (place % perByte))) & (2 ** bits - 1);
}

/** Rows of codes in blocks, each with a scale and a zero. */
interface Packed {
  readonly bits: number;
  readonly block: number;
  readonly rows: number;
  readonly columns: number;
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  /** Each row begins a byte; half of the range where there are none. */
  readonly zeros: Uint8Array | undefined;
}

/** Gives each code less its zero, and the place of its scale. */
function eachOf(
  { bits, block, rows, columns, codes, zeros }: Packed,
  visit: (row: number, column: number, code: number, scale: number) => void,
): void {
  const blocks = Math.ceil(columns / block);
  const zerosOfRow = (Math.ceil((blocks * bits) / 8) * 8) / bits;
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < columns; k++) {
      const which = Math.floor(k / block);
      const at = row * blocks + which;
      const zero = zeros ? unpacked(zeros, bits, row * zerosOfRow + which) : 2 ** (bits - 1);
      visit(row, k, unpacked(codes, bits, at * block + (k % block)) - zero, at);
    }
  }
}

/** Weights in memory: as bytes where they fit eight bits with a sign, else as float32. */
function layerOf(context: Planning, packed: Packed, bias: Float32Array | undefined) {
  const { rows, columns, block, scales, bits, zeros } = packed;
  const groups = Math.ceil(columns / block);
  if (block % 4 > 0 || (bits === 8 && zeros?.some((zero) => zero !== 128))) {
    const data = new Float32Array(rows * columns);
    eachOf(packed, (row, k, code, at) => {
      data[row * columns + k] = code * scales[at];
    });
    return context.matrix(rows, columns, elementsOf(data, { width: columns }), bias && (() => bias));
  }
  const data = new Int8Array(rows * columns);
  eachOf(packed, (row, k, code) => {
    data[row * columns + k] = code;
  });
  const places = Int32Array.from({ length: groups * block }, (_, k) => (k < columns ? k : -1));
  const of = (row: number, group: number) => scales[row * groups + group];
  const codes = { data, rows, step: columns, columns: places, shift: 0 };
  return context.held(new ScaledMatrix(context.machine, codes, columns, { groups, of }, bias));
}

/**
 * A product with weights of 2, 4 or 8 bits: (q - zero) * scale, with a scale and zero for each block of a row
 * (ONNX Runtime's MatMulNBits). In memory each takes a byte.
 */
const matMulNBits = operator({
  since: 1,
  inputs: {
    a: needed(FLOAT),
    b: needed(["uint8"]),
    scales: needed(FLOAT),
    zeros: optional(["uint8"]),
    order: optional(["int32"]),
    bias: optional(FLOAT),
  },
  // In how many bits it may be computed: here always in float32.
  attributes: { K: int(), N: int(), bits: int(4), block_size: int(), accuracy_level: unused() },
  plan(context) {
    const { a, b, scales, zeros, order, bias } = context.inputs;
    const { K: columns, N: rows, bits, block_size: block } = context.attributes;
    const [packed, factors, offsets] = [context.constant(b), context.constant(scales), context.constant(zeros)];
    const biases = context.constant(bias);
    if (!packed || !factors || (zeros && !offsets) || (bias && !biases)) {
      return context.refuse("has weights that are computed");
    }
    if (order) context.refuse("has its groups in another order");
    if (![2, 4, 8].includes(bits) || block < 1 || block % (8 / bits) !== 0)
      context.refuse(`packs ${bits} bits in blocks of ${block}`);
    const blocks = Math.ceil(columns / block);
    const stride = Math.ceil((blocks * bits) / 8);
    if (sizeOf(b.dims) !== (rows * blocks * block * bits) / 8 || sizeOf(scales.dims) !== rows * blocks) {
      context.wrong(`has weights [${b.dims}] and scales [${scales.dims}] for a matrix of ${rows} by ${columns}`);
    }
    if (zeros && sizeOf(zeros.dims) !== rows * stride) context.wrong(`has zeros [${zeros.dims}] for ${rows} rows`);
    if (bias && sizeOf(bias.dims) !== rows) context.wrong(`adds [${bias.dims}] to ${rows} outputs`);
    const layer = context.kept([b, scales, zeros, bias], () => {
      const stored = { codes: packed.data, scales: factors.data, zeros: offsets?.data };
      return layerOf(context, { ...stored, bits, block, rows, columns }, biases?.data);
    });
    return multiply(context, layer, a, [...a.dims.slice(0, -1), rows]);
  },
});

/**
 * Rows of a table of 4 or 8 bits, (q - zero) * scale, with a scale and zero for each block of a row (ONNX Runtime's
 * GatherBlockQuantized): they become float32 as they are looked up.
 */
const gatherBlockQuantized = operator({
  since: 1,
  inputs: { data: needed(["uint8"]), indices: needed(INDICES), scales: needed(FLOAT), zeros: optional(["uint8"]) },
  attributes: { gather_axis: int(0), quantize_axis: int(1), block_size: int(128), bits: int(4) },
  plan(context) {
    const { data, indices, scales, zeros } = context.inputs;
    const { gather_axis, quantize_axis, block_size: block, bits } = context.attributes;
    const [rows, bytes] = data.dims;
    const lies = data.dims.length === 2 && gather_axis === 0 && [1, -1].includes(quantize_axis);
    if (!lies) context.refuse(`looks up axis ${gather_axis} of [${data.dims}], quantized along ${quantize_axis}`);
    if (![4, 8].includes(bits) || block < 1) context.refuse(`packs ${bits} bits in blocks of ${block}`);
    const columns = (bytes * 8) / bits;
    const blocks = Math.ceil(columns / block);
    const stride = Math.ceil((blocks * bits) / 8);
    if (scales.dims.join() !== [rows, blocks].join()) context.wrong(`scales [${data.dims}] by [${scales.dims}]`);
    if (zeros && sizeOf(zeros.dims) !== rows * stride) context.wrong(`has zeros [${zeros.dims}] for ${rows} rows`);
    const output = context.view(context.output("float32", [...indices.dims, columns]));
    const views = [context.view(data), context.view(scales), zeros && context.view(zeros)] as const;
    const asked = context.view(indices);
    return () => {
      const [table, factors, offsets, to] = [views[0](), views[1](), views[2]?.(), output()];
      let place = 0;
      for (const index of asked()) {
        const row = placeAt(Number(index), rows);
        for (let k = 0; k < columns; k++) {
          const which = Math.floor(k / block);
          const zero = offsets ? unpacked(offsets, bits, (row * stride * 8) / bits + which) : 2 ** (bits - 1);
          to[place++] = (unpacked(table, bits, row * columns + k) - zero) * factors[row * blocks + which];
        }
      }
    };
  },
});

/** Products with packed weights, and tables of them. */
export const packedOperators: Operators = {
  "com.microsoft.MatMulNBits": matMulNBits,
  "com.microsoft.GatherBlockQuantized": gatherBlockQuantized,
};
