import type { Method } from "../../src/coding/encode-tensor.ts";
import { concat } from "../../src/coding/split.ts";
import { lenet5 } from "../../src/models/lenet-5.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { random } from "../../src/random.ts";
import { bytesOf, field, graph, model, modelOf, type TensorFields, tensor } from "./messages.ts";

/** A file in the .esp format for those who write a decoder: what it is for, and what it decodes to. */
export interface Vector {
  readonly name: string;
  readonly about: string;
  readonly mode: Method;
  /** The version of the format; default 1. */
  readonly version?: number;
  readonly onnx: Uint8Array;
}

/** Numbers like weights, which are the same on every machine: sums, not logarithms, make the bell. */
function weights(seed: string, size: number, { density = 1, values = 0, step = 0 } = {}): Float32Array {
  const { uniform, below } = random(1, seed);
  return Float32Array.from({ length: size }, () => {
    if (uniform() >= density) return 0;
    if (values > 0) return (below(values) - (values >> 1) + 0.5) / 32;
    const bell = (uniform() + uniform() + uniform() + uniform() - 2) / 8;
    return step > 0 ? Math.round(bell / step) * step : bell;
  });
}

const size = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

/** A float32 tensor. */
function float32(name: string, dims: readonly number[], options = {}): TensorFields {
  return { name, dims, raw: bytesOf(weights(name, size(dims), options)) };
}

/** Small whole numbers as elements of a type that takes so many bits. */
function wholes(type: number, bits: number, dims: readonly number[]): TensorFields {
  const { below } = random(1, "wholes", type);
  const raw = new Uint8Array((size(dims) * bits) / 8);
  const step = Math.max(1, bits / 8);
  // The high byte of a word: half of them are negative.
  const high = Math.min(step, 4) - 1;
  for (let at = 0; at < raw.length; at += step) raw[at + high] = below(3) === 0 ? below(6) * 37 : 0;
  return { name: `type ${type}`, type, dims, raw };
}

/** Small whole numbers like weights, times a scale of 8 significant bits for each slice of so many. */
function scaled(name: string, dims: readonly number[], count: number, inner: number): TensorFields {
  const { below } = random(1, name);
  const scales = Float32Array.from({ length: count }, () => (128 + below(128)) * 2 ** (below(3) - 14));
  const spread = () => below(6) + below(6) + below(6) - 7 - below(2);
  const values = Float32Array.from(
    { length: size(dims) },
    (_, t) => scales[Math.floor(t / inner) % count] * spread() + 0,
  );
  return { name, dims, raw: bytesOf(values) };
}

/** Whole numbers around one of them, of a type that takes so many bytes. */
function around(type: number, width: number, dims: readonly number[], zero: number): TensorFields {
  const { below } = random(1, "around", type);
  const raw = new Uint8Array(size(dims) * width);
  const columns = size(dims.slice(1));
  for (let at = 0; at < raw.length; at += width) {
    // Rows differ in how far their numbers lie apart.
    const row = Math.floor(at / width / columns);
    const number = zero + Math.round(((below(30) + below(30) + below(30) - 43) * (1 + (row % 4) ** 2)) / 10);
    for (let i = 0; i < width; i++) raw[at + i] = number >> (8 * i);
  }
  return { name: `around, type ${type}`, type, dims, raw };
}

/** The real and the imaginary rows of a Fourier transform, with a window: products and sums, which are the same everywhere. */
function fourier(size: number): Float32Array {
  const half = size / 2 + 1;
  // The cosine and the sine of a turn's 32nd part.
  const [cosine, sine] = [0.9807852804032304, 0.19509032201612828];
  const turn: [number, number][] = [[1, 0]];
  for (let i = 1; i < size; i++) {
    const [c, s] = turn[i - 1];
    turn.push([c * cosine - s * sine, s * cosine + c * sine]);
  }
  const at = (k: number, n: number) => turn[(k * n) % size];
  return Float32Array.from({ length: 2 * half * size }, (_, t) => {
    const [row, n] = [Math.floor(t / size), t % size];
    const window = 0.5 - 0.5 * turn[n][0];
    return row < half ? window * at(row, n)[0] : -window * at(row - half, n)[1];
  });
}

/** A tensor of noise, and others that follow from it. */
function again(): Uint8Array {
  const [rows, columns] = [9, 12];
  const first = weights("again", rows * columns);
  const moved = (from: (row: number, column: number) => number, factor = 1) =>
    bytesOf(first.map((_, t) => factor * first[from(Math.floor(t / columns), t % columns)]));
  const other = weights("another", 60);
  return modelOf(
    { name: "first", dims: [rows, columns], raw: bytesOf(first) },
    { name: "other", dims: [5, 12], raw: bytesOf(other) },
    { name: "same", dims: [rows, columns], raw: bytesOf(first) },
    {
      name: "transposed",
      dims: [columns, rows],
      raw: bytesOf(first.map((_, t) => first[(t % rows) * columns + Math.floor(t / rows)])),
    },
    { name: "mirrored", dims: [rows, columns], raw: moved((row, column) => row * columns + columns - 1 - column) },
    { name: "negated", dims: [rows, columns], raw: moved((row, column) => row * columns + column, -1) },
    { name: "thirds", dims: [rows, columns], raw: moved((row, column) => row * columns + column, Math.fround(1 / 3)) },
    { name: "other again", dims: [60], raw: bytesOf(other) },
  );
}

function bytes(seed: string, length: number): Uint8Array {
  const { below } = random(1, seed);
  return Uint8Array.from({ length }, () => below(256));
}

const special = Uint32Array.of(
  ...[0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000],
  ...[0xffc00000, 0x7f800001, 0x7fffffff, 0xffffffff, 0x3f800000, 0xbf800000, 0x7fa5a5a5, 0xffb12345],
);

/** A convolution whose second and fourth unit are dead, a layer that reads it as images, one that reads that. */
function chain(): Uint8Array {
  const filters = weights("filters", 6 * 3 * 9, { density: 0.5, values: 12 });
  for (const dead of [1, 3]) filters.fill(0, dead * 27, (dead + 1) * 27);
  const { uniform } = random(1, "images");
  const images = weights("image values", 12 * 6 * 16, { values: 8 }).map((value, i) => {
    const place = i % 16;
    const middle = place >= 4 && place < 12 && place % 4 > 0;
    return Math.floor(i / 16) % 6 === 1 || uniform() > (middle ? 0.7 : 0.05) ? 0 : value;
  });
  return modelOf(
    { name: "filters", dims: [6, 3, 3, 3], raw: bytesOf(filters) },
    { name: "images", dims: [12, 96], raw: bytesOf(images) },
    float32("units", [5, 12], { density: 0.3, values: 8 }),
  );
}

/** Tensors wherever ONNX can have one. */
function places(): Uint8Array {
  const at = (name: string) => tensor({ ...float32(name, [4, 6], { density: 0.4, values: 4 }), name });
  const indices = tensor({ name: "indices", type: 7, dims: [12], raw: bytesOf(new BigInt64Array(12).fill(3n)) });
  const sparse = concat([field(1, at("sparse values")), field(2, indices), field(3, 40)]);
  const node = (...attributes: Uint8Array[]) =>
    concat([field(2, "y"), field(4, "Constant"), ...attributes.map((attribute) => field(5, attribute))]);
  const attribute = (name: string, number: number, content: Uint8Array) =>
    concat([field(1, name), field(number, content)]);
  const within = concat([
    field(
      1,
      node(
        attribute("value", 5, at("value")),
        attribute("values", 10, at("one of values")),
        attribute("branch", 6, graph(at("in a branch"))),
        attribute("branches", 11, graph(at("in branches"))),
        attribute("sparse_value", 22, sparse),
        attribute("sparse_values", 23, sparse),
      ),
    ),
    graph(at("initializer")),
    field(15, sparse),
  ]);
  const training = concat([field(1, graph(at("initialization"))), field(2, graph(at("algorithm")))]);
  const functions = concat([
    field(1, "f"),
    field(7, node(attribute("value", 5, at("in a function")))),
    field(11, attribute("default", 5, at("of an attribute"))),
  ]);
  return model(within, field(20, training), field(25, functions));
}

const types = modelOf(
  ...[10, 16, 5, 4].map((type) => wholes(type, 16, [5, 8])),
  ...[2, 3, 9, 17, 18, 19, 20].map((type) => wholes(type, 8, [8, 9])),
  ...[6, 12].map((type) => wholes(type, 32, [4, 5])),
  ...[7, 11, 13, 14].map((type) => wholes(type, 64, [3, 4])),
  wholes(7, 64, [9]),
  wholes(15, 128, [2, 3]),
  ...[21, 22, 23].map((type) => wholes(type, 4, [12, 12])),
);
const zeros = modelOf(
  { name: "matrix", dims: [10, 10], raw: new Uint8Array(400) },
  { name: "bytes", type: 2, dims: [100], raw: new Uint8Array(100) },
  { name: "filters", type: 10, dims: [4, 4, 3, 3], raw: new Uint8Array(288) },
);
const shared = modelOf(
  float32("filters", [8, 4, 3, 3], { density: 0.4, values: 16 }),
  float32("far apart", [20, 60], { density: 0.02, values: 4 }),
  float32("dense", [20, 20], { values: 8 }),
);
const words = modelOf(float32("dense", [12, 16]), float32("sparse", [10, 40], { density: 0.3 }));

export const vectors: readonly Vector[] = [
  {
    name: "graph",
    about: "no tensor beside the graph, which is coded as text",
    mode: "context",
    onnx: model(concat([field(1, concat([field(1, "x"), field(2, "y"), field(4, "Relu")])), field(2, "network")])),
  },
  {
    name: "graph-stored",
    about: "a graph that is stored, as it is noise",
    mode: "context",
    onnx: model(graph(), field(6, bytes("noise", 300))),
  },
  {
    name: "graph-verbatim",
    about: "a file that would not come back by its tensors: a tensor of 20 elements has none",
    mode: "context",
    onnx: modelOf(float32("whole", [4, 5]), { name: "void", dims: [4, 5], raw: new Uint8Array(0) }),
  },
  {
    name: "empty",
    about: "tensors without elements and of fewer than 64 bytes, which stay in the graph, beside one that does not",
    mode: "context",
    onnx: modelOf(
      { name: "none", dims: [0, 3], raw: new Uint8Array(0) },
      { name: "scalar", type: 7, dims: [], raw: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      float32("beside", [4, 5], { values: 3 }),
      { name: "text", type: 8, dims: [2], raw: new Uint8Array(0) },
    ),
  },
  {
    name: "stored",
    about: "noise",
    mode: "context",
    onnx: modelOf({ dims: [200], type: 2, raw: bytes("bytes", 200) }),
  },
  { name: "zeros-context", about: "tensors of zeros, in contexts", mode: "context", onnx: zeros },
  { name: "zeros-static", about: "the same with static tables", mode: "static", onnx: zeros },
  { name: "words-context", about: "words in contexts, dense and sparse", mode: "context", onnx: words },
  { name: "words-static", about: "the same with static tables of finite states", mode: "static", onnx: words },
  { name: "words-huffman", about: "the same with Huffman's tables", mode: "huffman", onnx: words },
  {
    name: "shifted",
    about: "words whose low bits are zero, in contexts",
    mode: "context",
    onnx: modelOf(float32("w", [30, 40], { density: 0.6, step: 2 ** -11 })),
  },
  {
    name: "special",
    about: "both zeros, the smallest numbers, infinities and NaNs with what they carry",
    mode: "context",
    onnx: modelOf({ dims: [3, 6], raw: bytesOf(special) }),
  },
  { name: "shared-context", about: "codebooks, in contexts", mode: "context", onnx: shared },
  { name: "shared-static", about: "the same with static tables of finite states", mode: "static", onnx: shared },
  { name: "shared-huffman", about: "the same with Huffman's tables, and fillers", mode: "huffman", onnx: shared },
  {
    name: "large-codebook",
    about: "a codebook of more than 64 entries, in contexts",
    mode: "context",
    onnx: modelOf(float32("w", [40, 40], { density: 0.8, values: 150 })),
  },
  {
    name: "one-value",
    about: "codebooks of one entry, where every word has it and where some have, in contexts",
    mode: "context",
    onnx: modelOf(
      { name: "every", dims: [30], raw: bytesOf(new Float32Array(30).fill(1)) },
      float32("some", [10, 10], { density: 0.5, values: 1 }),
    ),
  },
  {
    name: "neighbours",
    about: "tensors that tell of the columns of those behind them; the second is seen as images of 6 channels",
    mode: "context",
    onnx: chain(),
  },
  {
    name: "large-kernels",
    about: "kernels of 81 places, and one of 4,160, which is none",
    mode: "context",
    onnx: modelOf(float32("w", [3, 2, 9, 9], { density: 0.3, values: 8 }), {
      ...wholes(3, 8, [2, 1, 65, 64]),
      raw: bytes("large", 8320).map((byte) => (byte < 250 ? 0 : byte)),
    }),
  },
  { name: "types-context", about: "a tensor of each type of elements, in contexts", mode: "context", onnx: types },
  { name: "types-static", about: "the same with static tables", mode: "static", onnx: types },
  { name: "places", about: "tensors wherever ONNX can have one", mode: "context", onnx: places() },
  {
    name: "scaled",
    about: "floats that are numbers times scales: one for each row, each column, each channel, and one for all",
    mode: "context",
    version: 2,
    onnx: modelOf(
      scaled("rows", [8, 5, 3, 3], 8, 45),
      scaled("columns", [24, 16], 16, 1),
      scaled("channels", [6, 10, 2, 2], 10, 4),
      scaled("all", [70], 1, 70),
    ),
  },
  {
    name: "scaled-wide",
    about: "numbers of up to 15 bits times scales, and a scale that rounds its products",
    mode: "context",
    version: 2,
    onnx: modelOf(
      { name: "wide", dims: [40], raw: bytesOf(Float32Array.from({ length: 40 }, (_, i) => (i - 20) ** 3 * 4 + i)) },
      {
        name: "rounded",
        dims: [20, 20],
        raw: bytesOf(weights("rounded", 400).map((w) => Math.round(w * 700) * Math.fround(0.0123) + 0)),
      },
    ),
  },
  {
    name: "integers",
    about: "small whole numbers, as they are and around a zero point",
    mode: "context",
    version: 2,
    onnx: modelOf(
      around(3, 1, [12, 10, 3, 3], 0),
      around(2, 1, [20, 30], 128),
      around(5, 2, [20, 30], -300),
      around(6, 4, [10, 9], 0),
    ),
  },
  {
    name: "fourier",
    about: "windowed sines and cosines, which follow from the two words above, and are mirrored",
    mode: "context",
    version: 2,
    onnx: modelOf({ name: "basis", dims: [34, 1, 32], raw: bytesOf(fourier(32)) }),
  },
  {
    name: "references",
    about: "tensors that are others again: the same, transposed, mirrored, negated, times a constant",
    mode: "context",
    version: 2,
    onnx: again(),
  },
  {
    name: "bundle",
    about:
      "numbers times scales, whole numbers, codebooks, words and biases in a bundle, and a tensor of its own beside it",
    mode: "context",
    version: 3,
    onnx: modelOf(
      scaled("rows", [8, 5, 3, 3], 8, 45),
      scaled("all", [70], 1, 70),
      scaled("columns", [24, 16], 16, 1),
      float32("far apart", [20, 60], { density: 0.02, values: 4 }),
      float32("bias", [5]),
      around(3, 1, [12, 10, 3, 3], 0),
      around(2, 1, [20, 30], 128),
      float32("sparse", [10, 40], { density: 0.3 }),
      { name: "first", dims: [9, 12], raw: bytesOf(weights("again", 108)) },
      { name: "same", dims: [9, 12], raw: bytesOf(weights("again", 108)) },
      { name: "zeros", dims: [6, 9], raw: new Uint8Array(216) },
      { name: "every", dims: [30], raw: bytesOf(new Float32Array(30).fill(1)) },
    ),
  },
  {
    name: "bundle-images",
    about:
      "tensors in a bundle that tell of the columns of those behind them; the second is seen as images of 6 channels",
    mode: "context",
    version: 3,
    onnx: chain(),
  },
  {
    name: "bundle-graph",
    about: "the graph of a network as its outline, with few numbers behind it",
    mode: "context",
    version: 3,
    onnx: network(),
  },
  {
    name: "bundle-stored",
    about: "a graph that is stored, as it has noise in it, behind a bundle",
    mode: "context",
    version: 3,
    onnx: model(graph(tensor(scaled("all", [70], 1, 70)), field(10, bytes("noise", 300)))),
  },
];

/** A small LeNet-5, of whose weights a few are left. */
function network(): Uint8Array {
  const model = lenet5({ seed: 1, width: 0.1 });
  for (const [name, { dims }] of model.initializers) {
    const data = weights(name, size(dims), { density: 0.1, step: 1 / 16 });
    model.initializers.set(name, { dtype: "float32", dims, data });
  }
  return writeModel(model);
}
