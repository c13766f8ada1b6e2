import { UserError } from "../errors.ts";

/** An array of unsigned bytes as an idx file holds it. */
export interface IdxArray {
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an idx file of unsigned bytes, the format of MNIST: two zero bytes, the element type, the number of
 * dimensions, each dimension as a big-endian uint32, then the elements (LeCun, "The MNIST database").
 * The data is a view of the file's bytes.
 * @param source how messages name the file
 * @throws UserError when the bytes are not an idx file, or its size is not the one that it declares
 */
export function readIdx(bytes: Uint8Array, source: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0) {
    throw new UserError(`${source} does not begin like an idx file: it is another file, or damaged.`);
  }
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw new UserError(
      `${source} holds elements of the idx type 0x${bytes[2].toString(16)}: only unsigned bytes (0x8) are read.`,
    );
  }
  const rank = bytes[3];
  const header = 4 + 4 * rank;
  if (rank === 0 || bytes.length < header) throw new UserError(`${source} ends within its header: copy it again.`);
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // Dimensions are up to 2^32 each, so a product may be inexact, but never equal to a size that fits in memory by chance.
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (bytes.length - header !== size) {
    throw new UserError(
      `${source} declares ${dims.join(" x ")} = ${size} bytes and holds ${bytes.length - header}: it is cut short or damaged, copy it again.`,
    );
  }
  return { dims, data: bytes.subarray(header) };
}
