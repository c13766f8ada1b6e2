import { type Dataset, demo, type Model, type Progress, pruneReport, reproduce, type Split } from "espalier";
import { nodeEngine } from "espalier/node";
import { describe, expect, it } from "vitest";
import { random } from "../../src/random.ts";
import { blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });

/** The blobs' patterns in the middle of images of MNIST's size, few enough to train on in seconds. */
function images(): Dataset {
  const small = blobs({ train: 320, validation: 64, test: 64 });
  const larger = (split: Split): Split => ({
    size: split.size,
    async read(indices, { image, ...into }) {
      const own = new Float32Array(16 * indices.length);
      await split.read(indices, { image: own, ...into });
      for (let i = 0; image && i < indices.length; i++) {
        const { normal } = random(indices[i], "noise");
        for (let j = 0; j < 784; j++) image[i * 784 + j] = 0.1 * normal() + own[i * 16 + (j % 16)];
      }
    },
  });
  const { train, validation, test } = small;
  const splits = { train: larger(train), validation: larger(validation), test: larger(test) };
  const inputs = [{ name: "image", dtype: "float32", shape: [1, 28, 28] }] as const;
  return { ...small, inputs, classes: 10, ...splits };
}

describe("demo", () => {
  it("trains and prunes a network by its recipe, and goes on after a signal", async () => {
    const data = images();
    const whole = await demo(engine, data, { quick: true });
    expect(whole.compressionRate).toBeGreaterThan(12);
    expect(whole.rounds.map(({ name }) => name)).toEqual(["train", "prune 1 of 2", "prune 2 of 2"]);
    expect(await pruneReport(engine, data, whole, { title: "images", command: "demo" })).toContain("images");

    const kept: { state?: Uint8Array; dense?: Model } = {};
    const stop = new AbortController();
    const stores = {
      checkpoint: {
        name: "memory",
        load: () => kept.state,
        save(state: Uint8Array) {
          kept.state = state;
        },
      },
      dense: {
        load: () => kept.dense,
        save(model: Model) {
          kept.dense = model;
        },
      },
    };
    const onProgress = (progress: Progress) => {
      if (progress.kind === "round" && progress.result.name === "prune 1 of 2") stop.abort(new Error("enough"));
    };
    const stopped = demo(engine, data, { quick: true, ...stores, onProgress, signal: stop.signal });
    await expect(stopped).rejects.toThrow("enough");
    const resumed = await demo(engine, data, { quick: true, ...stores, resume: true });
    expect(resumed.model.initializers).toEqual(whole.model.initializers);
    await expect(demo(engine, data, { network: "lenet" })).rejects.toThrow(/did you mean lenet-5\?/);
  });
});

describe("reproduce", () => {
  it("repeats an experiment, and tells its runs", async () => {
    const notes: string[] = [];
    const onProgress = (progress: Progress) => {
      if (progress.kind === "note") notes.push(progress.text);
    };
    const { table, figures } = await reproduce(engine, "table3", images(), { quick: true, onProgress });
    expect(table.map(([name]) => name)).toEqual(["layer", "fc1", "fc2", "fc3", "total"]);
    expect(figures.map(({ name }) => name)).toEqual(["table3"]);
    expect(notes).toEqual([expect.stringMatching(/^lenet-300-100-dense: 1\.0x/), expect.stringMatching(/-pruned: 12/)]);
    await expect(reproduce(engine, "table33", images())).rejects.toThrow(
      /no experiment "table33".*did you mean table3\?/,
    );
  });
});
