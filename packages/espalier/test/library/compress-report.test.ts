import { compress, compressReport, evaluate } from "espalier";
import { nodeEngine } from "espalier/node";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { ints } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { blobs, relabelled, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const SIDE = 24;

/** Pictures, every third with a bright square. */
function squares(): Dataset {
  const split = (name: string, size: number): Split => ({
    size,
    read(indices, { image }) {
      for (let i = 0; i < indices.length; i++) {
        const { below, normal } = random(indices[i], "squares", name);
        const [left, top] = [below(SIDE - 9), below(SIDE - 9)];
        for (let y = 0; y < SIDE; y++) {
          for (let x = 0; x < SIDE; x++) {
            const inside = indices[i] % 3 === 0 && x >= left && x < left + 9 && y >= top && y < top + 9;
            if (image) image[(i * SIDE + y) * SIDE + x] = (inside ? 2 : -2) + 0.3 * normal();
          }
        }
      }
    },
  });
  return {
    name: "squares",
    inputs: [{ name: "image", dtype: "float32", shape: [1, SIDE, SIDE] }],
    targets: [],
    train: split("train", 32),
    validation: split("validation", 16),
    test: split("test", 10),
  };
}

/** A map of what is bright: the mean of nine pixels, behind a Sigmoid. */
function brightness(): Model {
  const model = emptyModel("brightness");
  const graph = new GraphBuilder(model);
  model.inputs.push({ name: "image", dtype: "float32", shape: ["batch", 1, SIDE, SIDE] });
  const { normal } = random(1, "brightness");
  const values = Float32Array.from({ length: 16 * 9 }, () => 0.1 + 0.01 * normal());
  const first = graph.initializer("first", float32([16, 1, 3, 3], values));
  const last = graph.initializer("last", float32([1, 16, 1, 1], new Float32Array(16).fill(0.3)));
  const bias = graph.initializer("bias", float32([1], Float32Array.of(0.05)));
  const means = graph.emit("Conv", ["image", first], { pads: ints([1, 1, 1, 1]) });
  model.outputs.push({ name: graph.emit("Sigmoid", [graph.emit("Conv", [means, last, bias])], {}, "map") });
  return model;
}

const report = { title: "net", command: "espalier compress", file: "net.esp", bytesBefore: 1000, seconds: 1 };

describe("compressReport", () => {
  it("shows the walk, what layers got, and maps before and after", async () => {
    const [source, data] = [brightness(), squares()];
    const asked = { maxLoss: 5, epochs: 0 };
    const result = await compress(engine, source, data, asked);
    expect(result.measure?.name).toBe("iou");
    expect(result.curve).toContain(result.chosen);
    expect(result.chosen?.fidelity).toBe(result.fidelity?.validation);
    const page = await compressReport(engine, source, data, result, { ...report, asked });
    const { document } = parseHTML(page);
    const texts = (selector: string) =>
      Array.from(document.querySelectorAll(selector)).map(({ textContent }) => textContent);
    expect(texts(".drawn-900 title").filter((text) => text?.endsWith("chosen")).length).toBeGreaterThan(0);
    expect(texts(".samples figcaption")).toHaveLength(4);
    for (const text of texts(".samples figcaption")) expect(text).toMatch(/^Sample \d+: [\d.]+% of what either finds/);
    // Those in which something is, squares of 81 pixels, of 576.
    for (const text of texts(".pair p")) expect(Number(text?.match(/([\d.]+)% of it/)?.[1])).toBeCloseTo(14, -1);
    expect(texts("tbody th")).toContain("first");
    expect(texts(".asked dd")).toEqual(["5 points of loss at most", "0", "squares: 32 train, 16 validation, 10 test"]);
  });

  it("judges by the labels in the end, and says where they do not fit", async () => {
    const data = blobs();
    const source = await trainedBlobNet(engine, data);
    const asked = { maxLoss: 5, epochs: 0 };
    const result = await compress(engine, source, data, asked);
    const { judged } = result;
    expect(judged?.measure.name).toBe("error");
    expect(judged?.baseline).toBe((await evaluate(engine, source, data, { split: "test" })).value);
    expect(judged?.shared).toBe((await evaluate(engine, result.model, data, { split: "test" })).value);
    expect(await compressReport(engine, source, data, result, { ...report, asked })).toContain("by the labels");
    // No label is read before: others lead to the same file.
    const others = await compress(engine, source, relabelled(data, 2), asked);
    expect(others.contents).toEqual(result.contents);
    expect(others.judged?.baseline).toBeGreaterThan(60);

    const notes: string[] = [];
    const wrong = await compress(engine, source, relabelled(data, 7), {
      ...asked,
      onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
    });
    expect(wrong.judged).toBeUndefined();
    expect(wrong.contents).toEqual(result.contents);
    expect(notes.join()).toMatch(/The labels of blobs do not judge this network\. /);
  });

  it("tells of codebooks and of weights that were rounded without data", async () => {
    const data = blobs();
    const source = await trainedBlobNet(engine, data);
    const shared = await compress(engine, source, data, { bits: 4, epochs: 0 });
    const page = await compressReport(engine, source, data, shared, { ...report, asked: { bits: 4, epochs: 0 } });
    expect(page).toContain("from a codebook");
    expect(page).toContain("by the labels");
    const guessed = await compress(engine, source, undefined, { bits: 4 });
    const other = await compressReport(engine, source, undefined, guessed, { ...report, asked: { bits: 4 } });
    expect(other).toContain("whole numbers × scales");
    expect(other).not.toContain("A few inputs");
  });
});
