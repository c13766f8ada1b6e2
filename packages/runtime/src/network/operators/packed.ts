import { int, unused } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { elementsOf } from "../matrix-elements.ts";
import { needed, type Operators, operator, optional } from "../operator.ts";
import { multiply } from "./dense.ts";
import { FLOAT } from "./types.ts";

/** The numbers of a few bits in a row of bytes, the low ones first. */
function unpacked(bytes: Uint8Array, bits: number, place: number): number {
  const perByte = 8 / bits;
  return (bytes[Math.floor(place / perByte)] >> (bits * (place % perByte))) & (2 ** bits - 1);
}

/**
 * A product with weights of 2, 4 or 8 bits: (q - zero) * scale, with a scale and zero for each block of a row
 * (ONNX Runtime's MatMulNBits). They become float32 when the network is planned.
 */
const matMulNBits = operator({
  since: 1,
  inputs: { a: needed(FLOAT), b: needed(["uint8"]), scales: needed(FLOAT), zeros: optional(["uint8"]) },
  // In how many bits it may be computed: here always in float32.
  attributes: { K: int(), N: int(), bits: int(4), block_size: int(), accuracy_level: unused() },
  plan(context) {
    const { a, b, scales, zeros } = context.inputs;
    const { K: columns, N: rows, bits, block_size: block } = context.attributes;
    const [packed, factors, offsets] = [context.constant(b), context.constant(scales), context.constant(zeros)];
    if (!packed || !factors || (zeros && !offsets)) return context.refuse("has weights that are computed");
    if (![2, 4, 8].includes(bits) || block % (8 / bits) !== 0)
      context.refuse(`packs ${bits} bits in blocks of ${block}`);
    const blocks = Math.ceil(columns / block);
    const stride = Math.ceil((blocks * bits) / 8);
    if (sizeOf(b.dims) !== (rows * blocks * block * bits) / 8 || sizeOf(scales.dims) !== rows * blocks) {
      context.wrong(`has weights [${b.dims}] and scales [${scales.dims}] for a matrix of ${rows} by ${columns}`);
    }
    if (zeros && sizeOf(zeros.dims) !== rows * stride) context.wrong(`has zeros [${zeros.dims}] for ${rows} rows`);
    const layer = context.kept([b, scales, zeros], () => {
      const data = new Float32Array(rows * columns);
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < columns; k++) {
          const which = Math.floor(k / block);
          const at = row * blocks + which;
          const zero = offsets ? unpacked(offsets.data, bits, (row * stride * 8) / bits + which) : 2 ** (bits - 1);
          const q = unpacked(packed.data, bits, at * block + (k % block));
          data[row * columns + k] = (q - zero) * factors.data[at];
        }
      }
      return context.matrix(rows, columns, elementsOf(data, { width: columns }));
    });
    return multiply(context, layer, a, [...a.dims.slice(0, -1), rows]);
  },
});

/** Products with packed weights. */
export const packedOperators: Operators = { "com.microsoft.MatMulNBits": matMulNBits };
