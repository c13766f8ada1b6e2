import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { inputRoutes } from "../../src/adoption/bind.ts";
import { arraySplit } from "../../src/data/array-split.ts";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { readIdx } from "../../src/data/idx.ts";
import { openIdxFolder } from "../../src/data/mnist.ts";
import { openModule } from "../../src/data/module.ts";
import { readNpy } from "../../src/data/npy.ts";
import { readStream } from "../../src/data/read-file.ts";
import { convertible, rounds, routed } from "../../src/data/routes.ts";
import { openDataset } from "../../src/data/spec.ts";
import { UserError } from "../../src/errors.ts";
import { type NumericType, type TensorData, zeros } from "../../src/onnx/dtype.ts";
import { idx, npy } from "./arrays.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-data-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, contents: Uint8Array | string) => {
  writeFileSync(join(folder, name), contents);
  return join(folder, name);
};

function readAll(split: Split, sampleSize: number) {
  const inputs = new Float32Array(split.size * sampleSize);
  const labels = new Int32Array(split.size);
  split.read(
    Array.from({ length: split.size }, (_, i) => i),
    { image: inputs, x: inputs, label: labels, y: labels },
  );
  return { inputs: [...inputs], labels: [...labels] };
}

describe("idx files", () => {
  it("are read as they were written", () => {
    const array = readIdx(idx([2, 1, 3], [1, 2, 3, 4, 5, 6]), "a");
    expect([array.dims, [...array.data]]).toEqual([
      [2, 1, 3],
      [1, 2, 3, 4, 5, 6],
    ]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["cut short", idx([2, 3], [1, 2, 3, 4, 5]), /x declares 2 x 3 = 6 bytes and holds 5/],
    ["too long", idx([2], [1, 2, 3]), /declares 2 = 2 bytes and holds 3/],
    ["cut in the header", idx([2, 3], []).subarray(0, 9), /ends within its header/],
    ["of other elements", Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 0), /type 0xd/],
    ["no idx file", Uint8Array.of(1, 2, 3, 4, 5), /does not begin like an idx file/],
    ["huge by its word", idx([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], [1]), /damaged/],
    ["empty", new Uint8Array(), /does not begin/],
  ])("%s are refused", (_, bytes, message) => {
    expect(() => readIdx(bytes, "x")).toThrow(UserError);
    expect(() => readIdx(bytes, "x")).toThrow(message);
  });

  it("of random bytes never do more than that", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          readIdx(bytes, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});

describe("a folder of idx files", () => {
  it("is a dataset: packed or not, the last twelfth of the training samples to validate on", () => {
    const images = Array.from({ length: 24 * 2 }, (_, i) => i);
    file("train-images-idx3-ubyte", idx([24, 1, 2], images));
    file(
      "train-labels-idx1-ubyte.gz",
      gzipSync(
        idx(
          [24],
          images.slice(0, 24).map((i) => i % 3),
        ),
      ),
    );
    file("t10k-images-idx3-ubyte", idx([2, 1, 2], [255, 0, 51, 102]));
    file("t10k-labels-idx1-ubyte", idx([2], [4, 0]));
    const data = openIdxFolder(folder, "small");
    expect([data.train.size, data.validation.size, data.test.size, data.classes]).toEqual([22, 2, 2, 5]);
    expect(data.inputs).toEqual([{ name: "image", dtype: "float32", shape: [1, 1, 2] }]);
    expect(data.targets).toEqual([{ name: "label", dtype: "int32", shape: [] }]);
    const test = readAll(data.test, 2);
    expect(test.labels).toEqual([4, 0]);
    for (const [i, value] of [1, 0, 0.2, 0.4].entries()) expect(test.inputs[i]).toBeCloseTo(value, 6);
    expect(readAll(data.validation, 2).labels).toEqual([22 % 3, 23 % 3]);
  });

  it("says what is missing or does not fit", () => {
    file("t10k-labels-idx1-ubyte", idx([3], [4, 0, 1]));
    expect(() => openIdxFolder(folder, "small")).toThrow(/t10k-labels.* has \[3\] labels for 2 images/);
    rmSync(join(folder, "t10k-labels-idx1-ubyte"));
    expect(() => openIdxFolder(folder, "small")).toThrow(/There is no t10k-labels-idx1-ubyte \(or \.gz\)/);
    file("t10k-labels-idx1-ubyte.gz", Uint8Array.of(0x1f, 0x8b, 1, 2, 3));
    expect(() => openIdxFolder(folder, "small")).toThrow(/Cannot read .*t10k-labels/);
  });
});

describe("NumPy arrays", () => {
  it.each<[string, ArrayBufferView, number[]]>([
    ["|u1", Uint8Array.of(1, 200), [1, 200]],
    ["|i1", Int8Array.of(1, -2), [1, -2]],
    ["<i2", Int16Array.of(1, -300), [1, -300]],
    ["<u2", Uint16Array.of(1, 65_000), [1, 65_000]],
    ["<i4", Int32Array.of(1, -70_000), [1, -70_000]],
    ["<u4", Uint32Array.of(1, 4_000_000), [1, 4_000_000]],
    ["<i8", BigInt64Array.of(1n, -5n), [1, -5]],
    ["<f4", Float32Array.of(0.5, -2), [0.5, -2]],
    ["<f8", Float64Array.of(0.5, -2), [0.5, -2]],
  ])("of %s are read", (descr, data, expected) => {
    const array = readNpy(npy(descr, [2], data), "a");
    expect([array.dims, Array.from<number | bigint, number>(array.data, Number)]).toEqual([[2], expected]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["big endian", npy(">f4", [1], new Float32Array(1)), /type >f4/],
    ["of a type like a property of all objects", npy("constructor", [1], new Uint8Array(8)), /type constructor/],
    ["of more dimensions than NumPy has", npy("|u1", new Array(65).fill(1), new Uint8Array(1)), /damaged/],
    ["of objects", npy("|O", [1], new Uint8Array(8)), /type \|O/],
    ["cut short", npy("<f4", [3], new Float32Array(2)), /declares \[3\] of <f4 and holds 8 bytes/],
    ["huge by their word", npy("<f4", [2 ** 52], new Float32Array(2)), /damaged/],
    ["no array at all", new TextEncoder().encode("a spreadsheet"), /not an \.npy array/],
  ])("%s are refused", (_, bytes, message) => {
    expect(() => readNpy(bytes, "x")).toThrow(message);
  });

  it("in Fortran's order are brought into C's, whatever their type", () => {
    // numpy.arange(24).reshape(2, 3, 4) as numpy.asfortranarray writes it.
    const columns = Array.from(
      { length: 24 },
      (_, i) => 12 * (i % 2) + 4 * (Math.floor(i / 2) % 3) + Math.floor(i / 6),
    );
    const rows = Array.from({ length: 24 }, (_, i) => i);
    for (const [descr, data] of [
      ["<f4", Float32Array.from(columns)],
      ["|u1", Uint8Array.from(columns)],
      ["<i8", BigInt64Array.from(columns, BigInt)],
      ["<f2", Uint16Array.from(columns)],
    ] as const) {
      const array = readNpy(npy(descr, [2, 3, 4], data, "True"), "a");
      expect([array.dims, Array.from<number | bigint, number>(array.data, Number)]).toEqual([[2, 3, 4], rows]);
    }
  });
});

/** The number and the class of a module's first sample. */
async function readModuleSample(split: Split) {
  const [x, y] = [new Float32Array(1), new Int32Array(1)];
  await split.read([0], { x, y });
  return [x[0], y[0]];
}

let modules = 0;

describe("data by its SPEC", () => {
  const arrays = (more: Record<string, Uint8Array> = {}) => ({
    "x_train.npy": npy(
      "<f4",
      [12, 2],
      Float32Array.from({ length: 24 }, (_, i) => i),
    ),
    "y_train.npy": npy(
      "<i8",
      [12],
      BigInt64Array.from({ length: 12 }, (_, i) => BigInt(i % 3)),
    ),
    "x_test.npy": npy("<f4", [1, 2], Float32Array.of(7, 8)),
    "y_test.npy": npy("|u1", [1], Uint8Array.of(3)),
    ...more,
  });

  it("npz:FILE", async () => {
    const data = await openDataset(`npz:${file("a.npz", zipSync(arrays()))}`);
    expect([data.train.size, data.validation.size, data.test.size, data.classes]).toEqual([11, 1, 1, 4]);
    expect(readAll(data.test, 2)).toEqual({ inputs: [7, 8], labels: [3] });
    expect(readAll(data.validation, 2)).toEqual({ inputs: [22, 23], labels: [2] });
  });

  it.each<[string, Record<string, Uint8Array>, RegExp]>([
    ["no test labels", { "y_test.npy": npy("<f4", [2], new Float32Array(2)) }, /x_test is \[1,2\] and y_test is \[2\]/],
    [
      "numbers that are none",
      { "x_train.npy": npy("<f4", [12, 2], new Float32Array(24).fill(Number.NaN, 7)) },
      /x_train\[3,1\] is NaN/,
    ],
    ["infinite ones", { "x_test.npy": npy("<f2", [1, 2], Uint16Array.of(0, 0xfc00)) }, /x_test\[0,1\] is -Infinity/],
    ["a name that objects have", { "__proto___train.npy": npy("|u1", [12], new Uint8Array(12)) }, /called __proto__/],
    ["labels that are none", { "y_test.npy": npy("<f4", [1], Float32Array.of(-1)) }, /y_test\[0\] is -1/],
    [
      "samples of two shapes",
      { "x_test.npy": npy("<f4", [1, 3], new Float32Array(3)) },
      /training samples of \[2\] and others of \[3\]/,
    ],
  ])("npz:FILE with %s", async (_, more, message) => {
    await expect(openDataset(`npz:${file("b.npz", zipSync(arrays(more)))}`)).rejects.toThrow(message);
  });

  it("npz:FILE with bytes, which a uint8 input takes as they are and a float input from 0 to 1", async () => {
    const bytes = npy(
      "|u1",
      [12, 2],
      Uint8Array.from({ length: 24 }, (_, i) => 10 * i),
    );
    const test = npy("|u1", [1, 2], Uint8Array.of(0, 255));
    const data = await openDataset(
      `npz:${file("d.npz", zipSync(arrays({ "x_train.npy": bytes, "x_test.npy": test })))}`,
    );
    const fed = (dtype: "uint8" | "float32") => {
      const into = { image: dtype === "uint8" ? new Uint8Array(2) : new Float32Array(2) };
      routed(data.test, inputRoutes([{ name: "image", dtype, shape: [1, 2] }], data)).read([0], into);
      return [...into.image];
    };
    expect(fed("uint8")).toEqual([0, 255]);
    expect(fed("float32")).toEqual([0, 1]);
    const mixed = await openDataset(`npz:${file("e.npz", zipSync(arrays({ "x_train.npy": bytes })))}`);
    expect(mixed.inputs).toEqual([{ name: "x", dtype: "float32", shape: [2] }]);
  });

  it("npz:FILE by the names of the network's inputs, of which all else in it is left", async () => {
    const zip = zipSync({
      "ids.npy": npy(
        "<i8",
        [10, 2],
        BigInt64Array.from({ length: 20 }, (_, i) => BigInt(i)),
      ),
      "mask.npy": npy("|b1", [10, 1], new Uint8Array(10).fill(1)),
      "names.npy": npy("|O", [3], new Uint8Array(24)),
    });
    const path = `npz:${file("f.npz", zip)}`;
    const data = await openDataset(path, { inputs: ["mask", "ids", "other"] });
    expect(data.inputs).toEqual([
      { name: "ids", dtype: "int64", shape: [2] },
      { name: "mask", dtype: "bool", shape: [1] },
    ]);
    expect([data.targets, data.train.size, data.validation.size, data.test.size]).toEqual([[], 8, 1, 1]);
    await expect(openDataset(path)).rejects.toThrow(/names\.npy has the type \|O/);
  });

  it("npz:FILE of few samples holds one back; of one it is refused", async () => {
    const few = (samples: number) =>
      `npz:${file(`few${samples}.npz`, zipSync(arrays({ "x_train.npy": npy("<f4", [samples, 2], new Float32Array(2 * samples)), "y_train.npy": npy("|u1", [samples], new Uint8Array(samples)) })))}`;
    const data = await openDataset(few(3));
    expect([data.train.size, data.validation.size]).toEqual([2, 1]);
    await expect(openDataset(few(1))).rejects.toThrow(/has 1 training samples, too few/);
  });

  it("npz:FILE that claims more than its bytes can hold", async () => {
    const zip = zipSync({ "x.npy": [npy("|u1", [4], new Uint8Array(4)), { level: 9 }] });
    const view = new DataView(zip.buffer);
    // The size of the unpacked file in the archive's directory.
    const directory = view.getUint32(zip.length - 6, true);
    view.setUint32(directory + 24, 2 ** 30, true);
    await expect(openDataset(`npz:${file("g.npz", zip)}`)).rejects.toThrow(
      /declares 1073741824 bytes in \d+ of x\.npy/,
    );
  });

  it("npz:FILE that is none", async () => {
    await expect(openDataset(`npz:${file("c.npz", "PK not really")}`)).rejects.toThrow(/not a NumPy archive/);
    await expect(openDataset("npz:/nowhere/at/all.npz")).rejects.toThrow(UserError);
  });

  it("a module", async () => {
    const split = "{ size: 1, read(i, { x, y }) { if (x) x[0] = 5; if (y) y[0] = 0; } }";
    const tensors =
      "inputs: [{ name: 'x', dtype: 'float32', shape: [1] }], targets: [{ name: 'y', dtype: 'int32', shape: [] }]";
    const good = file(
      "good.mjs",
      `const s = ${split}; export default () => ({ name: "m", ${tensors}, classes: 2, train: s, validation: s, test: s });`,
    );
    const data: Dataset = await openDataset(good);
    expect(await readModuleSample(data.test)).toEqual([5, 0]);
    const bad = file("bad.mjs", `export default { name: 'm', ${tensors}, classes: 0 };`);
    await expect(openDataset(bad)).rejects.toThrow(/bad\.mjs is not a dataset \(classes/);
    await expect(openDataset(file("broken.mjs", "export default ("))).rejects.toThrow(/cannot be loaded/);
    await expect(openDataset("/nowhere.mjs")).rejects.toThrow(/no data module/);
  });

  it("a module that yields its samples, at once or in time, or lists them", async () => {
    const path = file(
      "yields.mjs",
      `export default {
        name: "yields",
        inputs: [{ name: "ids", dtype: "int64", shape: [2] }, { name: "image", dtype: "float32", shape: [2, 1] }],
        targets: [{ name: "kind", dtype: "int32", shape: [] }],
        *train() { for (let i = 0; i < 40; i++) yield { ids: [i, BigInt(i + 1)], image: [[i / 2], [0]], kind: i % 3 }; },
        async *validation() { yield { ids: [1, 2], image: Float32Array.of(1, 2), kind: 0 }; },
        test: [{ ids: [3, 4], image: [5, 6], kind: 2 }],
      };`,
    );
    const data = await openDataset(path);
    expect([data.train.size, data.validation.size, data.test.size]).toEqual([40, 1, 1]);
    const into = { ids: new BigInt64Array(4), image: new Float32Array(4), kind: new Int32Array(2) };
    await data.train.read([39, 3], into);
    expect([[...into.ids], [...into.image], [...into.kind]]).toEqual([
      [39n, 40n, 3n, 4n],
      [19.5, 0, 1.5, 0],
      [0, 0],
    ]);
  });

  it.each<[string, string, RegExp]>([
    [
      "reads and throws",
      "{ size: 3, read() { throw new Error('no disk\\n at x') } }",
      /m\d+\.mjs, train: its read fails \(no disk\) for the samples from 2 on/,
    ],
    [
      "reads and rejects",
      "{ size: 3, read: () => Promise.reject('gone') }",
      /m\d+\.mjs, train: its read fails \(gone\)/,
    ],
    ["reads NaN", "{ size: 3, read(i, { x }) { x[0] = NaN } }", /m\d+\.mjs, train: sample 2 has NaN in "x" at 0/],
    ["yields and throws", "(function* () { throw new Error('early') })()", /m\d+\.mjs: train fails \(early\)/],
    ["yields nothing", "[]", /train yields no sample/],
    ["yields too little", "[{ x: [1] }, {}]", /train, sample 1 has no numbers in "x", which is \[1\]: give 1/],
    ["yields what are no numbers", "[{ x: ['a'] }]", /train, sample 0 has no numbers in "x"/],
  ])("a module that %s is told by its name", async (_, train, message) => {
    const rest = "{ size: 1, read() {} }";
    const path = file(
      `m${++modules}.mjs`,
      `export default () => ({ name: "m", inputs: [{ name: "x", dtype: "float32", shape: [1] }], train: ${train}, validation: ${rest}, test: ${rest} });`,
    );
    const read = async () => (await openModule(path)).train.read([2], { x: new Float32Array(1) });
    await expect(read()).rejects.toThrow(UserError);
    await expect(read()).rejects.toThrow(message);
  });

  it("anything else names the forms that there are", async () => {
    await expect(openDataset("cifar")).rejects.toThrow(
      /"cifar" is not in a known form: give mnist, scenes, idx:DIR, npz:FILE/,
    );
    await expect(openDataset("sounds:bells")).rejects.toThrow(/not in a known form/);
  });
});

describe("numbers in another type", () => {
  const fed = (dtype: NumericType, data: TensorData, to: NumericType) => {
    const split = arraySplit({ x: { values: data, size: data.length } }, 0, 1);
    const from = { name: "x", dtype, shape: [data.length] };
    const into = zeros(to, data.length);
    routed(split, [{ from, to: { name: "a", dtype: to } }]).read([0], { a: into });
    return Array.from<number | bigint, number>(into, Number);
  };

  it("with a point are rounded", () => {
    expect(fed("float64", Float64Array.of(0.1, 3), "float32")).toEqual([Math.fround(0.1), 3]);
    expect(fed("float32", Float32Array.of(0.1, 1, -2), "float16")).toEqual([0x2e66, 0x3c00, 0xc000]);
    expect(fed("float16", Uint16Array.of(0x3c00, 0xc000), "float32")).toEqual([1, -2]);
    expect(convertible("float64", "float16") && rounds("float64", "float16")).toBe(true);
  });

  it("that are whole must have their equal", () => {
    expect(fed("uint8", Uint8Array.of(0, 1), "bool")).toEqual([0, 1]);
    expect(fed("int64", BigInt64Array.of(5n, -7n), "int32")).toEqual([5, -7]);
    expect(fed("uint8", Uint8Array.of(7), "float16")).toEqual([0x4700]);
    for (const [dtype, data, to] of [
      ["uint8", Uint8Array.of(2), "bool"],
      ["int64", BigInt64Array.of(2n ** 40n), "int32"],
      ["int64", BigInt64Array.of(2n ** 53n + 1n), "float64"],
      ["float32", Float32Array.of(0.5), "int32"],
      ["float32", Float32Array.of(Number.NaN), "int64"],
      ["int32", Int32Array.of(2049), "float16"],
    ] as const) {
      expect(() => fed(dtype, data, to)).toThrow(/has \w+ elements that are not/);
    }
  });
});

describe("what never ends", () => {
  it("is read up to a bound", () => {
    expect(() => readStream("/dev/zero", 2 ** 22)).toThrow(/gives more than 4 MB and is not a file/);
    expect(readStream("/dev/null", 2 ** 22)).toHaveLength(0);
  });

  it("text over its bound is refused by its size, not its encoding", async () => {
    const path = file("long.txt", "");
    truncateSync(path, 2 ** 27 + 1);
    await expect(openDataset(`text:${path}`)).rejects.toThrow(/has 134 MB of text, and up to 134 are read/);
  });
});

describe("MNIST", () => {
  it("is all there, 55,000 / 5,000 / 10,000", async () => {
    const data = await openDataset("mnist");
    expect([data.train.size, data.validation.size, data.test.size]).toEqual([55_000, 5_000, 10_000]);
    expect([data.inputs[0].shape, data.classes]).toEqual([[1, 28, 28], 10]);
    const { inputs, labels } = readAll({ ...data.test, size: 10 }, 784);
    expect(labels).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    expect(Math.min(...inputs)).toBe(0);
    expect(Math.max(...inputs)).toBeCloseTo(1, 6);
  });
});
