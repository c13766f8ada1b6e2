import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../../src/engine/node.ts";
import type { Model } from "../../../src/onnx/graph.ts";
import { float32 } from "../../../src/onnx/tensor.ts";
import { layersOf } from "../../../src/operators/layers.ts";
import { estimatedBytes } from "../../../src/sharing/curves.ts";
import { sharingOf } from "../../../src/sharing/distinct.ts";
import {
  type SharingTrial,
  shareUnlabeled,
  type UnlabeledSharingOptions,
} from "../../../src/sharing/reconstruction/search.ts";
import { sensitivities } from "../../../src/sharing/reconstruction/sensitivity.ts";
import { bitsFor, share, withShared } from "../../../src/sharing/share.ts";
import { agreementOn, scoresOn } from "../../../src/training/agreement.ts";
import { Evaluator } from "../../../src/training/evaluate.ts";
import { parametersOf, trainableParameters, withParameters } from "../../../src/training/parameters.ts";
import { blobs, relabelled, trainedBlobNet } from "../../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const labelled = blobs();

/** A trained network, a third of whose first layer is cut. */
const trained: Promise<Model> = (async () => {
  const model = await trainedBlobNet(engine, labelled);
  const [{ weight, tensor }] = layersOf(model);
  const cut = float32(
    tensor.dims,
    tensor.data.map((w, i) => (i % 3 === 0 ? 0 : w)),
  );
  return withParameters(model, new Map([[weight, cut]]));
})();

async function shared(options: Partial<UnlabeledSharingOptions>, data = labelled) {
  const trials: SharingTrial[] = [];
  const target = { kind: "lambda", lambda: 0.001 } as const;
  const onTrial = (trial: SharingTrial) => trials.push(trial);
  const found = await shareUnlabeled(engine, await trained, data, { target, seed: 1, onTrial, ...options });
  return { found, trials };
}

async function divergenceOf(model: Model): Promise<number> {
  const whole = await trained;
  const names = trainableParameters(whole);
  const evaluator = await Evaluator.create(engine, whole, labelled, names);
  const reference = await scoresOn(evaluator, labelled.validation);
  evaluator.load(parametersOf(model, names));
  const { divergence } = await agreementOn(evaluator, labelled.validation, reference);
  await evaluator.release();
  return divergence;
}

const bytesOf = (model: Model) => [...sharingOf(model).values()].reduce((sum, own) => sum + estimatedBytes(own), 0);

describe("sharing without labels", () => {
  it("stays nearer to the network than sharing by the weights alone, in fewer bytes", async () => {
    const model = await trained;
    const { found } = await shared({});
    const own = withParameters(model, found?.parameters ?? new Map());
    const plain = withShared(
      model,
      share(model, bitsFor(model, [["*", 8]]), { method: "entropy", lambda: 0.01, seed: 1 }),
    );
    expect(bytesOf(own)).toBeLessThan(bytesOf(plain));
    expect(await divergenceOf(own)).toBeLessThan(0.6 * (await divergenceOf(plain)));
    expect(await divergenceOf(own)).toBeCloseTo(found?.agreement.divergence ?? 0, 6);
  });

  it("leaves cut connections cut, reads no label, and gives the same again", async () => {
    const model = await trained;
    const { found } = await shared({}, relabelled(labelled, 3));
    const [{ weight, tensor }] = layersOf(model);
    const after = found?.parameters.get(weight)?.data ?? [];
    expect(after).toHaveLength(tensor.data.length);
    for (const [i, w] of tensor.data.entries()) if (w === 0) expect(after[i]).toBe(0);
    expect(new Set(after).size).toBe(11);
    expect((await shared({})).found?.parameters).toEqual(found?.parameters);
  });

  it("rounds biases to eleven digits, or shares them where asked", async () => {
    const whole = (await shared({})).found?.parameters.get("fc1.bias")?.data ?? new Float32Array();
    const digits = new Uint32Array(whole.buffer, whole.byteOffset, whole.length);
    expect(digits).toHaveLength(12);
    for (const word of digits) expect(word & 0x1fff).toBe(0);

    const biasesOf = async (options: Partial<UnlabeledSharingOptions>) => {
      const { found } = await shared(options);
      const biases = layersOf(await trained).flatMap(({ parameters, weight }) =>
        parameters.filter((n) => n !== weight),
      );
      return biases.map((name) => new Set(found?.parameters.get(name)?.data).size);
    };
    const [free, few] = [await biasesOf({}), await biasesOf({ biasBits: 1 })];
    expect(Math.max(...few)).toBeLessThanOrEqual(2);
    expect(Math.min(...free)).toBeGreaterThan(2);
  });

  it("looks for the smallest network within an expected loss", async () => {
    const { found, trials } = await shared({ target: { kind: "loss", points: 1 } });
    expect(trials.length).toBeGreaterThan(3);
    for (const { accepted, agreement } of trials) expect(accepted).toBe(agreement.expectedLoss <= 1);
    const accepted = trials.filter((trial) => trial.accepted);
    const highest = accepted.reduce((most, trial) => (trial.lambda > most.lambda ? trial : most));
    expect(found?.agreement).toEqual(highest.agreement);
    expect(highest.bytes).toBeLessThan(0.9 * Math.max(...trials.map(({ bytes }) => bytes)));
    expect(trials.some((trial) => !trial.accepted && trial.lambda < 1.1 * highest.lambda)).toBe(true);
  });

  it("finds nothing where no loss is small enough", async () => {
    const { found, trials } = await shared({ target: { kind: "loss", points: -1 } });
    expect(found).toBeUndefined();
    expect(trials.every((trial) => !trial.accepted)).toBe(true);
  });

  it("measures what errors of a layer do to the outputs", async () => {
    const model = await trained;
    const names: string[] = [];
    const found = await sensitivities(engine, model, labelled, 1, undefined, (name) => names.push(name));
    expect(names).toEqual(layersOf(model).map(({ name }) => name));
    for (const name of names) expect(found.get(name)).toBeGreaterThan(0);
  });
});
