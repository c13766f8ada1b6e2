import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { type FloatTensor, float32, isFloat32 } from "../../src/onnx/tensor.ts";
import { applyMasks, parametersOf, withParameters } from "../../src/training/parameters.ts";
import { Trainer, type TrainerOptions } from "../../src/training/trainer.ts";
import { blobNet, blobs, readBatch } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const BATCH = 8;
const base: TrainerOptions = { batch: BATCH, seed: 1, optimizer: { name: "sgd", momentum: 0 } };
const model = blobNet();
const weight = model.initializers.get("fc1.weight");
if (!isFloat32(weight)) throw new Error("no weight");
const half = new Map([
  [
    "fc1.weight",
    float32(
      weight.dims,
      weight.data.map((_, i) => i % 2),
    ),
  ],
]);

/** The loss and fc1 after one step on the first batch. */
async function oneStep(options: Partial<TrainerOptions>, source = model) {
  const trainer = await Trainer.create(engine, source, { ...base, ...options });
  const first = Array.from({ length: BATCH }, (_, i) => i);
  await readBatch(trainer, 0, data, first);
  const [loss] = await trainer.run([0.5]);
  const fc1 = (await trainer.parameters()).get("fc1.weight") as FloatTensor;
  await trainer.release();
  return { loss, fc1: fc1.data };
}

describe("splicing", () => {
  it("computes as the masked network does, and lets what is cut learn on", async () => {
    const spliced = await oneStep({ masks: half, splicing: true });
    const cut = await oneStep({ masks: half });
    expect(spliced.loss).toBeCloseTo(cut.loss, 6);
    let moved = 0;
    for (const [i, w] of spliced.fc1.entries()) {
      if (i % 2) expect(w).toBeCloseTo(cut.fc1[i], 6);
      else if (w !== weight.data[i]) moved++;
      if (i % 2 === 0) expect(cut.fc1[i]).toBeCloseTo(0, 9);
    }
    expect(moved).toBeGreaterThan(50);
    // The gradient of what is cut is that of the network in which it is zero.
    const zeros = withParameters(model, applyMasks(parametersOf(model, ["fc1.weight"]), half));
    const free = await oneStep({}, zeros);
    for (const [i, w] of spliced.fc1.entries()) {
      if (i % 2 === 0) expect(w - weight.data[i]).toBeCloseTo(free.fc1[i], 5);
    }
  });
});
