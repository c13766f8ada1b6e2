import { describe, expect, it } from "vitest";
import type { Split } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { random } from "../../src/random.ts";
import { classify } from "../../src/tasks/classify.ts";
import { evaluate } from "../../src/training/evaluate.ts";
import { learn } from "../../src/training/learn.ts";
import { withParameters } from "../../src/training/parameters.ts";
import { blobNet, blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();

/** The same samples, each with a label by chance. */
function mislabelled(split: Split): Split {
  return {
    ...split,
    async read(indices, into) {
      await split.read(indices, into);
      const { label } = into;
      for (let i = 0; label && i < indices.length; i++) label[i] = random(indices[i], "mislabelled").below(4);
    },
  };
}

describe("distillation", () => {
  it("teaches what the labels do not say", async () => {
    const teacher = await trainedBlobNet(engine, data);
    // Labels by chance: only the teacher tells the classes apart.
    const useless = { ...data, train: mislabelled(data.train) };
    const task = classify(data);
    const taught = async (weight: number | undefined) => {
      const model = blobNet(2);
      const { best } = await learn(
        engine,
        { model, data: useless },
        undefined,
        {
          batch: 20,
          seed: 1,
          task,
          optimizer: { name: "adam" },
          distillation: weight === undefined ? undefined : { teacher, weight },
        },
        { epochs: 4, seed: 1, last: true, learningRate: { policy: "constant", rate: 0.02 } },
      );
      const found = withParameters(model, best?.parameters ?? new Map());
      return (await evaluate(engine, found, data, data.validation, task)).value;
    };
    expect(await taught(undefined)).toBeGreaterThan(50);
    expect(await taught(20)).toBeLessThan(10);
  });

  it("hears the teacher's whole self, and teaches a network that drops out", async () => {
    const teacher = blobNet(1, 0.5);
    const { best } = await learn(
      engine,
      { model: blobNet(2, 0.5), data },
      undefined,
      { batch: 20, seed: 1, task: classify(data), optimizer: { name: "adam" }, distillation: { teacher, weight: 1 } },
      { epochs: 1, seed: 1, learningRate: { policy: "constant", rate: 0.01 } },
    );
    expect([...(best?.parameters.keys() ?? [])].some((name) => name.startsWith("teacher/"))).toBe(false);
  });
});
