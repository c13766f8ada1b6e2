import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ImageOptions, openImages } from "../../src/data/images/open.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { UserError } from "../../src/errors.ts";
import { compress } from "../../src/library/compress.ts";
import { evaluate } from "../../src/library/evaluate.ts";
import type { Hooks } from "../../src/library/hooks.ts";
import { pruneByPlan } from "../../src/library/prune-by-plan.ts";
import { pruneBySearch } from "../../src/library/prune-by-search.ts";
import { pruneWithoutLabels } from "../../src/library/prune-without-labels.ts";
import { scan } from "../../src/library/scan.ts";
import { train } from "../../src/library/train.ts";
import { conv2d, flatten, globalAveragePool, relu } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { asTheyAre, plain, put } from "../data/images/photographs.ts";

const engine = nodeEngine({ threads: 1 });
const root = mkdtempSync(join(tmpdir(), "espalier-inferred-"));
afterAll(() => rmSync(root, { recursive: true }));

const COUNT = 12;
const NAMES = {
  synsets: (i: number) => `n0000000${i % 3}_${i}.png`,
  folders: (i: number) => `${["ant", "bee", "cat"][i % 3]}/${i}.png`,
  some: (i: number) => (i === 0 ? "0.png" : `n0000000${i % 3}_${i}.png`),
};
beforeAll(async () => {
  for (let i = 0; i < COUNT; i++) {
    const file = await plain(4, 4, [20 * i, 100, 255 - 20 * i])
      .png()
      .toBuffer();
    for (const [folder, name] of Object.entries(NAMES)) put(join(root, folder), name(i), file);
  }
});

const open = (folder: keyof typeof NAMES, options: ImageOptions = {}) =>
  openImages(join(root, folder), {
    preprocessing: { ...asTheyAre, scale: [1 / 255, 1 / 255, 1 / 255] },
    unlabeled: true,
    parts: [0.5, 0.25, 0.25],
    ...options,
  });

/** Says something of each place: no class scores. */
const places = sequential([conv2d(4, 3), relu(), conv2d(2, 1)], { name: "places", input: [3, 4, 4], seed: 1 });
const classifier = (classes: number) =>
  sequential([conv2d(4, 3), relu(), conv2d(classes, 1), globalAveragePool(), flatten()], {
    name: `of ${classes}`,
    input: [3, 4, 4],
    seed: 1,
  });

const training = { epochs: 1, batch: 2 };
type Data = ReturnType<typeof open>;
const file = (model: Model) => ({ model, contents: new Uint8Array() });
const COMMANDS: Readonly<Record<string, (model: Model, data: Data, hooks: Hooks) => Promise<unknown>>> = {
  train: (model, data, hooks) => train(engine, model, data, { ...training, ...hooks }),
  scan: (model, data, hooks) => scan(engine, model, data, { densities: [0.5], ...hooks }),
  "prune --density": (model, data, hooks) =>
    pruneByPlan(engine, model, data, { density: [["*", 0.5]], rounds: 1, ...training, ...hooks }),
  "prune --rate": (model, data, hooks) => pruneBySearch(engine, model, data, { rate: 1.5, ...training, ...hooks }),
  "prune --unlabeled": (model, data, hooks) => pruneWithoutLabels(engine, model, data, { rate: 1.2, ...hooks }),
  "compress --bits": (model, data, hooks) =>
    compress(engine, file(model), data, { bits: [["*", 2]], ...training, ...hooks }),
  "compress --unlabeled": (model, data, hooks) =>
    compress(engine, file(model), data, { unlabeled: true, lambda: 1e-3, ...hooks }),
};

async function notesOf(command: string, model: Model, data: Data): Promise<string[]> {
  const notes: string[] = [];
  await COMMANDS[command](model, data, {
    onProgress: (progress) => {
      if (progress.kind === "note") notes.push(progress.text);
    },
  });
  return notes;
}

describe("labels that are only inferred from names", () => {
  it.each(Object.keys(COMMANDS))("are none to %s of a network that is no classifier", async (command) => {
    for (const folder of ["synsets", "folders", "some"] as const) {
      expect(await notesOf(command, places, open(folder))).toContain(
        'The task is imitate, to say what "places" says as it came, as it has no scores for classes by which the photographs are named.',
      );
    }
  });

  it("are none where a network tells other classes apart", async () => {
    const notes = await notesOf("prune --density", classifier(5), open("synsets"));
    expect(notes.join()).toMatch(/The task is imitate, to say what "of 5" says/);
    const own = await notesOf("compress --unlabeled", classifier(5), open("synsets"));
    expect(own).toContain('No labels are read: "of 5" has no scores for classes by which the photographs are named.');
  });

  it("are read where a network has scores for as many", async () => {
    const { measure } = await train(engine, classifier(3), open("folders"), training);
    expect(measure.name).toBe("error");
  });

  it("are refused where they do not fit and the task is said, or the command needs them", async () => {
    const message = /named by 3 classes, and "of 5" has scores for 5: give their classes .* by classes/;
    const data = open("synsets");
    await expect(train(engine, classifier(5), data, { ...training, task: "classify" })).rejects.toThrow(message);
    await expect(evaluate(engine, classifier(5), data)).rejects.toThrow(message);
    await expect(evaluate(engine, places, data)).rejects.toThrow(/has no class scores/);
  });
});

describe("labels that somebody gave", () => {
  const needed = Object.keys(COMMANDS).filter((name) => !name.includes("unlabeled"));
  it.each(needed)("are refused by %s of a network that is no classifier", async (command) => {
    const classes = put(root, "classes.txt", "ant\nbee\ncat\n");
    const refused = notesOf(command, places, open("folders", { classes }));
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(/has no output of class scores/);
  });
});
