import { expect, it } from "vitest";
import { forSamples } from "../../src/adoption/samples.ts";
import { inStretches } from "../../src/data/stretches.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { floatsOf } from "../../src/onnx/tensor.ts";
import { inStep, unrolled } from "../../src/onnx/unroll.ts";
import { regress } from "../../src/tasks/regress.ts";
import { Evaluator } from "../../src/training/evaluate.ts";
import { listener, recordings } from "../listener.ts";

const engine = nodeEngine({ threads: 1 });

it("says the same of frames in a row as the network does of each, its state carried on", async () => {
  const data = recordings(2);
  // Of the second recording 37 frames are left, so that one fills no stretch of three.
  const train = { ...data.train, size: 77 };
  const outputs = async (model: Parameters<typeof unrolled>[0], given: typeof data) => {
    const evaluator = await Evaluator.create(engine, model, given, [], { batch: 2, task: regress() });
    const found = new Map<number, number[]>();
    for await (const { outputs, indices } of evaluator.outputs(given.train)) {
      for (const [row, sample] of indices.entries()) {
        found.set(
          sample,
          outputs.map((output) => floatsOf(output)[row]),
        );
      }
    }
    await evaluator.release();
    return found;
  };
  const network = forSamples(listener(), data);
  const one = await outputs(network, { ...data, train });
  const three = await outputs(unrolled(network, 3), { ...data, ...inStretches({ ...data, train }, 3, inStep) });
  expect(three.size).toBe(13 + 12);
  const firsts = [...Array.from({ length: 13 }, (_, i) => 3 * i), ...Array.from({ length: 12 }, (_, i) => 40 + 3 * i)];
  for (const [stretch, first] of firsts.entries()) {
    const frames = [0, 1, 2].flatMap((step) => one.get(first + step) ?? []);
    for (const [step, p] of (three.get(stretch) ?? []).entries()) expect(p).toBeCloseTo(frames[step], 5);
  }
  // Weights are there once.
  expect(unrolled(network, 3).initializers.size).toBe(network.initializers.size);
});
