import { UserError } from "../../errors.ts";
import { viewBytes } from "../../onnx/dtype.ts";

/** What a layer has in a Deep Compression `.net` file, and what the file does not say of it. */
export interface CodedShape {
  readonly name: string;
  /** Bits of a code: 8 for convolutions, 4 for fully connected layers. */
  readonly bits: 4 | 8;
  readonly weights: number;
  readonly biases: number;
}

/** A layer out of such a file. */
export interface DecodedLayer {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  /** What each code stands for: 2^bits numbers, the first of them 0. */
  readonly codebook: Float32Array;
}

/** Bits of a gap in all layers. */
export const GAP_BITS = 4;

/** Bytes that so many entries of so many bits take. */
export const packedBytes = (entries: number, bits: number) => Math.ceil((entries * bits) / 8);

/** Bytes of a layer with so many entries, its count apart. */
const layerBytes = ({ bits, biases }: CodedShape, entries: number) =>
  4 * (2 ** bits + biases) + packedBytes(entries, bits) + packedBytes(entries, GAP_BITS);

/**
 * Decodes a Deep Compression `.net` file (Han et al., arXiv 1510.00149; the form of the authors' SqueezeNet).
 *
 * Little endian: first a uint32 for each layer, the number of its entries. Then for each layer the codebook and the
 * biases, float32; the codes of its entries; their gaps, 4 bits each. What is smaller than a byte is packed, low half
 * first. An entry's position in the flattened weights is the one before + gap + 1, starting before the first, and
 * positions without an entry hold codebook[0], which is 0. So an entry of code 0 only bridges a gap too long for one.
 * @param layers all layers with weights, in the prototxt's order
 * @param source how messages name the file
 * @throws UserError when the file is not exactly of these layers; before memory is taken for them
 */
export function decodeDeepCompression(
  bytes: Uint8Array,
  layers: readonly CodedShape[],
  source = "The .net file",
): DecodedLayer[] {
  const counts = checkedCounts(bytes, layers, source);
  let at = 4 * layers.length;
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const floats = (count: number) => viewBytes("float32", take(4 * count), count) as Float32Array;
  return layers.map((layer, i) => {
    const codebook = floats(2 ** layer.bits);
    const bias = floats(layer.biases);
    const codes = take(packedBytes(counts[i], layer.bits));
    const gaps = take(packedBytes(counts[i], GAP_BITS));
    if (codebook[0] !== 0) {
      throw new UserError(
        `${source} has a codebook for layer "${layer.name}" that begins with ${codebook[0]}, not 0: it is of another network, or damaged.`,
      );
    }
    return { weights: place(codes, gaps, counts[i], codebook, layer, source), bias, codebook };
  });
}

/** The number of each layer's entries, when the file is as long as they say. */
function checkedCounts(bytes: Uint8Array, layers: readonly CodedShape[], source: string): number[] {
  const header = 4 * layers.length;
  if (bytes.length < header) {
    throw new UserError(
      `${source} has ${bytes.length} bytes, and the counts of ${layers.length} layers alone take ${header}: it is cut short, or of another network.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const counts = layers.map((_, i) => view.getUint32(4 * i, true));
  const size = layers.reduce((sum, layer, i) => sum + layerBytes(layer, counts[i]), header);
  for (const [i, { name, weights }] of layers.entries()) {
    if (counts[i] <= weights) continue;
    throw new UserError(
      `${source} counts ${counts[i]} entries for the ${weights} weights of layer "${name}": it is of another network, or damaged.`,
    );
  }
  if (size !== bytes.length) {
    const wrong = size > bytes.length ? "cut short" : "too long";
    throw new UserError(
      `${source} has ${bytes.length} bytes where its counts ask for ${size}: it is ${wrong}, or of another network.`,
    );
  }
  return counts;
}

function place(
  codes: Uint8Array,
  gaps: Uint8Array,
  entries: number,
  codebook: Float32Array,
  { name, bits, weights: size }: CodedShape,
  source: string,
): Float32Array {
  const weights = new Float32Array(size);
  let position = -1;
  for (let i = 0; i < entries; i++) {
    position += half(gaps, i) + 1;
    // Beyond the end this writes nothing.
    weights[position] = codebook[bits === 8 ? codes[i] : half(codes, i)];
  }
  if (position >= size) {
    throw new UserError(
      `${source} places weights of layer "${name}" at ${position}, past its ${size}: it is of another network, or damaged.`,
    );
  }
  return weights;
}

/** The i-th half byte, low half first. */
const half = (packed: Uint8Array, i: number) => (packed[i >> 1] >> (4 * (i & 1))) & 15;
