import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dataset, Split } from "../../../src/data/dataset.ts";
import { type ImageOptions, openImages } from "../../../src/data/images/open.ts";
import { checkPreprocessing, PREPROCESSING_KEY, preprocessingOf } from "../../../src/data/preprocessing.ts";
import { openDataset } from "../../../src/data/spec.ts";
import { UserError } from "../../../src/errors.ts";
import { asTheyAre, gradient, picture, plain, put } from "./photographs.ts";

const root = mkdtempSync(join(tmpdir(), "espalier-images-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Photographs whose red says which they are. */
const shots: Buffer[] = [];
beforeAll(async () => {
  for (let i = 0; i < 24; i++)
    shots.push(
      await plain(4, 4, [10 * i, 0, 0])
        .png()
        .toBuffer(),
    );
});

let folders = 0;
function folderOf(names: readonly string[], others: Readonly<Record<string, string>> = {}): string {
  const folder = join(root, `above-${++folders}`, "photographs");
  for (const [i, name] of names.entries()) put(folder, name, shots[i % 24]);
  for (const [name, text] of Object.entries(others)) put(folder, name, text);
  return folder;
}
const open = (folder: string, options: ImageOptions = {}) =>
  openImages(folder, { preprocessing: asTheyAre, ...options });

/** Which photographs a split has, by their red, and their labels. */
async function contents(split: Split) {
  const inputs = new Float32Array(split.size * 48);
  const labels = new Int32Array(split.size);
  await split.read(
    Array.from({ length: split.size }, (_, i) => i),
    { image: inputs, label: labels },
  );
  return { shots: Array.from(labels, (_, i) => inputs[i * 48] / 10), labels: [...labels] };
}
const whole = async (folder: string, options: ImageOptions = {}) =>
  contents(open(folder, { undivided: true, ...options }).test);

const SYNSETS = ["n00000003_c.jpg", "n00000001_a.jpg", "n00000002_b.jpg"];

describe("labels", () => {
  it("are the synsets that names begin with, in the order of synsets.txt above or beside", async () => {
    const folder = folderOf(SYNSETS);
    put(folder, "../synsets.txt", "n00000002 b\nn00000003 c\nn00000004 d\nn00000001 a, or A\n");
    expect(await whole(folder)).toEqual({ shots: [1, 2, 0], labels: [3, 0, 1] });
    expect(open(folder, { undivided: true }).classes).toBe(4);
    put(folder, "synset_words.txt", "n00000001 a\nn00000002 b\nn00000003 c\n");
    expect((await whole(folder)).labels).toEqual([0, 1, 2]);
    const given = put(folder, "own.txt", "n00000003\nn00000002\nn00000001");
    expect((await whole(folder, { classes: given })).labels).toEqual([2, 1, 0]);
  });

  it("are the sorted synsets where all of the network's are there, and else refused", async () => {
    const folder = folderOf(SYNSETS);
    expect((await whole(folder, { outputs: 3 })).labels).toEqual([0, 1, 2]);
    expect(() => open(folder)).toThrow(/are of 3 classes and the network's scores of 1000: give a file by classes/);
    const thousand = Array.from({ length: 1000 }, (_, i) => `n0000${String(1000 + i)}_x.png`);
    const label = new Int32Array(1);
    await open(folderOf(thousand), { undivided: true }).test.read([731], { image: new Float32Array(48), label });
    expect(label[0]).toBe(731);
  });

  it("are the folders, in the order of their names or of a list", async () => {
    const folder = folderOf(["cat/1.png", "ant/1.png", "cat/2.png", "bee/x.png"]);
    expect(await whole(folder)).toEqual({ shots: [1, 3, 0, 2], labels: [0, 1, 2, 2] });
    const list = put(folder, "classes.txt", "zebra\ncat\nbee\r\nant\n");
    expect((await whole(folder, { classes: list })).labels).toEqual([3, 2, 1, 1]);
    expect(() => open(folder, { outputs: 10 })).toThrow(/of 3 classes and the network's scores of 10/);
  });

  it("are those of a CSV file: names, or numbers, with headings or without", async () => {
    const names = ["a.png", "b.png", "c d.png"];
    const numbered = folderOf(names, { "labels.csv": 'File,label\r\nb.png,7\r\n"c d.png",0\r\n./a.png,3\r\n' });
    expect(await whole(numbered)).toEqual({ shots: [0, 1, 2], labels: [3, 7, 0] });
    expect(open(numbered, { undivided: true }).classes).toBe(8);
    expect(open(numbered, { undivided: true, outputs: 10 }).classes).toBe(10);
    expect(() => open(numbered, { outputs: 7 })).toThrow(/has the label 7, and the classes are 0 to 6/);
    // As a 32-bit number it would be below all classes.
    const large = folderOf(["a.png"], { "labels.csv": "a.png,3324019712\n" });
    for (const outputs of [7, undefined]) {
      expect(() => open(large, { outputs })).toThrow(/has the label 3324019712, and the classes are 0 to/);
    }
    const named = folderOf(names);
    const labels = put(named, "../given.csv", "a.png,tabby\nb.png,ant\nc d.png,tabby\n\n");
    expect((await whole(named, { labels })).labels).toEqual([1, 0, 1]);
  });

  it.each<[string, string, RegExp]>([
    ["a missing row", "a.png,1", /no label for b\.png/],
    ["a row too many", "a.png,1\nb.png,2\nz.png,3", /label for z\.png, and there is no such photograph/],
    ["a missing cell", "a.png\nb.png,2", /1 cells in row 1/],
    ["an empty cell", "a.png,1\nb.png,", /row 2/],
    ["a cell too many", "a.png,1,2\nb.png,2", /3 cells in row 1/],
    ["two labels", "a.png,1\nb.png,2\na.png,2", /gives a\.png a second label in row 3/],
    ["nothing", "", /no label for a\.png/],
  ])("in a CSV file with %s are refused", (_, text, message) => {
    const folder = folderOf(["a.png", "b.png"], { "labels.csv": text });
    expect(() => open(folder)).toThrow(UserError);
    expect(() => open(folder)).toThrow(message);
  });

  it.each<[string, string, RegExp]>([
    ["does not name a class", "n00000001 a\nn00000002 b", /n00000003_c\.jpg is of the class "n00000003", which .*own/],
    ["names a class twice", "n00000001 a\nn00000002 b\nn00000001 c", /names "n00000001" in the lines 1 and 3/],
    ["has an empty line", "n00000001 a\n\nn00000002 b", /no class in line 2/],
  ])("are refused where the list %s", (_, list, message) => {
    const folder = folderOf(SYNSETS);
    const classes = put(folder, "own.txt", list);
    expect(() => open(folder, { classes })).toThrow(message);
  });

  it("that are not there are refused, or not asked for", async () => {
    const folder = folderOf(["a.png", "b.png", "c.png"]);
    expect(() => open(folder)).toThrow(/a\.png has no label: begin the photographs' names with synset ids/);
    expect(open(folder, { unlabeled: true })).toMatchObject({ targets: [], classes: undefined });
    expect((await whole(folder, { unlabeled: true })).shots).toEqual([0, 1, 2]);
    const some = folderOf(["n00000001_a.png", "b.png", "n00000002_c.png"]);
    expect(() => open(some, { unlabeled: true, outputs: 1000 })).toThrow(/b\.png has no label, and others have/);
    expect(open(some, { unlabeled: true })).toMatchObject({ targets: [], inferred: true });
  });

  it("are inferred from names alone unless a list of them or of the classes is given", () => {
    const unlabeled = { unlabeled: true };
    expect(open(folderOf(SYNSETS), unlabeled)).toMatchObject({ classes: 3, inferred: true });
    const folder = folderOf(["cat/1.png", "ant/1.png", "cat/2.png"]);
    expect(open(folder, { ...unlabeled, outputs: 10 })).toMatchObject({ classes: 2, inferred: true });
    const classes = put(folder, "classes.txt", "ant\ncat\n");
    expect(open(folder, { ...unlabeled, classes }).inferred).toBeUndefined();
    put(folder, "labels.csv", "cat/1.png,x\nant/1.png,y\ncat/2.png,x\n");
    expect(open(folder, unlabeled).inferred).toBeUndefined();
    expect(() => open(folder, { ...unlabeled, outputs: 10 })).toThrow(/of 2 classes and the network's scores of 10/);
  });
});

describe("parts", () => {
  const names = (count: number, prefix = "") =>
    Array.from({ length: count }, (_, i) => `${prefix}x/${String(i).padStart(2, "0")}.png`);
  const everything = async ({ train, validation, test }: Dataset) => {
    const parts = [];
    for (const split of [train, validation, test]) parts.push((await contents(split)).shots);
    return parts;
  };

  it("of a folder without any are drawn by the seed, each photograph in one", async () => {
    const folder = folderOf(names(20));
    const parts = await everything(open(folder));
    expect(parts.map(({ length }) => length)).toEqual([16, 2, 2]);
    expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(await everything(open(folder))).toEqual(parts);
    expect(await everything(open(folder, { divisionSeed: 2 }))).not.toEqual(parts);
    const halves = await everything(open(folder, { parts: [0.25, 0.25, 0.5] }));
    expect(halves.map(({ length }) => length)).toEqual([5, 5, 10]);
    expect(() => open(folderOf(names(2)))).toThrow(/2 photographs, too few to learn, choose and judge by/);
    expect((await everything(open(folderOf(names(2)), { undivided: true }))).map(({ length }) => length)).toEqual([
      2, 2, 2,
    ]);
  });

  it("that are folders stay as they are", async () => {
    const folder = folderOf([...names(3, "train/"), ...names(2, "val/"), ...names(4, "test/")]);
    expect(await everything(open(folder))).toEqual([
      [0, 1, 2],
      [3, 4],
      [5, 6, 7, 8],
    ]);
    expect(await everything(open(folder, { undivided: true }))).toEqual(await everything(open(folder)));
  });

  it("of train and val alone: val is what is judged, and what is chosen by is drawn from train", async () => {
    const folder = folderOf([...names(13, "training/"), ...names(3, "val/")]);
    const [train, validation, test] = await everything(open(folder));
    expect([train.length, validation.length, test]).toEqual([11, 2, [13, 14, 15]]);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual(Array.from({ length: 13 }, (_, i) => i));
  });

  it("that make no whole are refused", () => {
    expect(() => open(folderOf(names(3, "val/")))).toThrow(/has the part val\/ and no train\/: name images:.*val/);
    expect(() => open(folderOf(names(3, "train/")))).toThrow(/has the part train\/ and no other/);
    expect(() => open(folderOf([...names(1, "train/"), ...names(1, "val/"), ...names(1, "valid/")]))).toThrow(
      /folders valid and val: leave one/,
    );
    expect(() => open(folderOf([...names(1, "train/"), ...names(1, "val/")]))).toThrow(/1 photographs to train on/);
  });
});

describe("a folder", () => {
  it("is taken without what is hidden or no photograph, and with links", async () => {
    const folder = folderOf(["a/1.png", "a/._1.png", ".b/2.png"], { "a/notes.txt": "x", "readme.md": "x" });
    symlinkSync(join(folder, "a/1.png"), join(folder, "a/2.png"));
    symlinkSync(join(folder, "nowhere.png"), join(folder, "a/3.png"));
    expect((await whole(folder)).shots).toEqual([0, 0]);
  });

  it.each<[string, () => string, RegExp]>([
    ["is empty", () => folderOf([], { "notes.txt": "" }), /no photograph in .*\(\.jpg, \.png/],
    ["is not there", () => join(root, "nothing"), /Cannot read the folder .*nothing .*ENOENT/],
    ["is a file", () => put(root, "file.txt", ""), /Cannot read the folder .*ENOTDIR/],
    ["has an empty part", () => folderOf(["train/a/1.png"], { "val/x.txt": "" }), /no photograph in .*val/],
  ])("that %s is refused", (_, make, message) => {
    const folder = make();
    expect(() => open(folder)).toThrow(UserError);
    expect(() => open(folder)).toThrow(message);
  });

  it("without any word on preprocessing is refused", async () => {
    await expect(openDataset(`images:${folderOf(["a/1.png"])}`)).rejects.toThrow(/give size, channels, mean and scale/);
  });

  it("gives bytes to a network that takes bytes, pixel after pixel where its input has the channels last", async () => {
    const folder = folderOf([], {});
    const pixels = gradient(4, 4);
    put(folder, "a.png", await picture(4, 4, pixels).png().toBuffer());
    const nhwc = openImages(folder, {
      preprocessing: { ...asTheyAre, layout: "NHWC" },
      undivided: true,
      unlabeled: true,
    });
    expect(nhwc.inputs).toEqual([{ name: "image", dtype: "float32", shape: [4, 4, 3], stored: "uint8" }]);
    const [bytes, floats] = [new Uint8Array(48), new Float32Array(48)];
    await nhwc.test.read([0], { image: bytes });
    await nhwc.test.read([0], { image: floats });
    expect([...bytes]).toEqual([...pixels]);
    expect([...floats]).toEqual([...pixels]);
    const scaled = openImages(folder, {
      preprocessing: { ...asTheyAre, channels: "BGR", mean: [1, 2, 3], layout: "NHWC" },
      undivided: true,
      unlabeled: true,
    });
    expect(scaled.inputs[0].stored).toBeUndefined();
    await scaled.test.read([0], { image: floats });
    expect([...floats.subarray(0, 3)]).toEqual([pixels[2] - 1, pixels[1] - 2, pixels[0] - 3]);
  });

  it("has every other photograph upside down where that is asked for", async () => {
    const folder = folderOf([], {});
    for (const name of ["a", "b"]) put(folder, `${name}.png`, await picture(4, 4).png().toBuffer());
    const data = openImages(folder, { preprocessing: asTheyAre, undivided: true, unlabeled: true, turnHalf: true });
    const image = new Float32Array(96);
    await data.test.read([0, 1], { image });
    expect([...image.subarray(48, 64)]).toEqual([...image.subarray(0, 16)].reverse());
    expect(image[0]).toBe(gradient(4, 4)[0]);
  });

  it("has its photographs decoded when they are read: a bad one is named then", async () => {
    const folder = folderOf(["a/1.png", "a/2.png"], { "a/3.jpg": "hello" });
    const { test } = open(folder, { undivided: true });
    const read = (i: number) => test.read([i], { image: new Float32Array(48), label: new Int32Array(1) });
    await read(0);
    await read(1);
    await expect(read(2)).rejects.toThrow(/a\/3\.jpg is not a photograph/);
  });

  it("is the same where it was told ahead what is read, and its errors come when it is read", async () => {
    const folder = folderOf(["a/1.png", "a/2.png", "a/3.png"], { "a/4.jpg": "hello" });
    const { test } = open(folder, { undivided: true });
    const shot = async (i: number) => {
      const image = new Float32Array(48);
      await test.read([i], { image });
      return image[0] / 10;
    };
    test.prepare?.([2, 0, 0, 3]);
    test.prepare?.([0, 3]);
    expect([await shot(0), await shot(2), await shot(0)]).toEqual([0, 2, 0]);
    await expect(shot(3)).rejects.toThrow(/a\/4\.jpg is not a photograph/);
    test.prepare?.([1]);
    rmSync(join(folder, "a/2.png"));
    expect(await shot(1)).toBe(1);
  });

  it("is read in any order, the same every time", async () => {
    const { test } = open(folderOf(Array.from({ length: 9 }, (_, i) => `c${i % 3}/${i}.png`)), { undivided: true });
    const { labels } = await contents(test);
    const [inputs, classes] = [new Float32Array(5 * 48), new Int32Array(5)];
    const indices = [8, 0, 3, 3, 5];
    for (let time = 0; time < 2; time++) {
      await test.read(indices, { image: inputs, label: classes });
      expect([...classes]).toEqual(indices.map((i) => labels[i]));
    }
  });
});

describe("preprocessing", () => {
  it("is read from metadata, with either form of resizing", () => {
    for (const resize of [[256, 256], 256, undefined]) {
      const stated = JSON.parse(JSON.stringify({ ...asTheyAre, resize }));
      expect(preprocessingOf(new Map([[PREPROCESSING_KEY, JSON.stringify(stated)]]))).toEqual(stated);
    }
    for (const text of ["{}", "no JSON", JSON.stringify({ ...asTheyAre, crop: [0, 4] })])
      expect(() => preprocessingOf(new Map([[PREPROCESSING_KEY, text]]))).toThrow(/not of the known form/);
  });

  it.each<[string, object, RegExp]>([
    ["means", { mean: [1, 2] }, /The mean of RGB images is 1,2: give 3 numbers/],
    ["scales", { scale: [] }, /The scale of RGB images is empty/],
    ["channels", { channels: "GRAY" }, /of GRAY images is 0,0,0: give 1/],
    ["a crop", { resize: [3, 9] }, /crop 4x4 is larger than the image resized to 3x9/],
    ["a crop of the shorter side", { resize: 3 }, /shorter side of 3/],
  ])("with %s that do not fit is refused", (_, change, message) => {
    expect(() => checkPreprocessing({ ...asTheyAre, ...change })).toThrow(message);
  });
});
