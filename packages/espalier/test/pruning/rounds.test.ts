import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import type { FloatTensor } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/pruning/checkpoint.ts";
import { dropoutRatios, inputDropout, retrainingDropout } from "../../src/pruning/dropout.ts";
import { countNonzero, maskAbove } from "../../src/pruning/mask.ts";
import { inTurn, pruningRounds } from "../../src/pruning/recipe-rounds.ts";
import type { Round } from "../../src/pruning/round.ts";
import { type RoundsOptions, type RoundsState, runRounds } from "../../src/pruning/rounds.ts";
import { random } from "../../src/random.ts";
import { layerTable } from "../../src/report/layer-table.ts";
import { dropInputs } from "../../src/training/dropout.ts";
import { Evaluator } from "../../src/training/evaluate.ts";
import { withParameters } from "../../src/training/parameters.ts";
import { blobNet, blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const model = blobNet(1, 0.2);
const learning = { learningRate: { policy: "constant", rate: 0.01 }, optimizer: { name: "adam" }, epochs: 3 } as const;
const target = {
  kind: "density",
  layers: [
    ["fc1", 1 / 16],
    ["fc2", 0.5],
  ],
} as const;
const rounds: Round[] = [{ name: "train", ...learning, epochs: 5 }, ...pruningRounds(target, 2, learning)];

const run = (options: Partial<RoundsOptions> = {}) =>
  runRounds(engine, model, data, rounds, { batch: 20, seed: 1, ...options });

describe("rounds of training, pruning and retraining", () => {
  it("reach the target without losing what was learned", async () => {
    const { results, best } = await run();
    expect(results.map(({ name }) => name)).toEqual(["train", "prune 1 of 2", "prune 2 of 2"]);
    expect(countNonzero(best.get("fc1.weight") as FloatTensor)).toBe(12);
    expect(countNonzero(best.get("fc2.weight") as FloatTensor)).toBe(24);
    const [dense, , pruned] = results;
    expect(pruned.density).toBeLessThan(0.25);
    expect(pruned.validation).toBeLessThanOrEqual(dense.validation + 12);
    // Retraining is what brings the accuracy back.
    expect(pruned.validation).toBeLessThan(pruned.pruned ?? 0);
    // The result is what the last round's best epoch measured.
    const evaluator = await Evaluator.create(engine, withParameters(model, best), data);
    expect((await evaluator.evaluate(data.validation)).value).toBe(pruned.validation);
    await evaluator.release();
  });

  it("retrain from the survivors, never bringing one back", async () => {
    const masks: FloatTensor[] = [];
    await run({
      onRound: (_, parameters) => void masks.push(maskAbove(parameters.get("fc1.weight") as FloatTensor, 0)),
    });
    expect(masks.map(countNonzero)).toEqual([192, 48, 12]);
    expect(masks[2].data.every((kept, i) => kept <= masks[1].data[i])).toBe(true);
    // No negative zeros either: a cut connection is the zero of all bits.
    const { best } = await run();
    expect([...(best.get("fc1.weight") as FloatTensor).data].some((w) => Object.is(w, -0))).toBe(false);
  });

  it.each([30, 100, 130, 175, 215])(
    "killed after step %i, a saved checkpoint continues to the same bytes",
    async (stop) => {
      const whole = await run();
      const controller = new AbortController();
      let steps = 0;
      const stopped = await run({
        stepsPerRun: 1,
        signal: controller.signal,
        onProgress: () => void (++steps === stop && controller.abort()),
      });
      expect(stopped.aborted).toBe(true);
      const file = encodeCheckpoint(stopped, "settings");
      const resumed = await run({ resume: decodeCheckpoint(file, "settings", "checkpoint") });
      expect(resumed.results).toEqual(whole.results);
      expect(resumed.best).toEqual(whole.best);
    },
  );

  it("also continue from what was saved after any epoch", async () => {
    const whole = await run();
    const saved: Uint8Array[] = [];
    await run({ onEpoch: (state: RoundsState) => void saved.push(encodeCheckpoint(state, "s")) });
    expect(saved.length).toBeGreaterThanOrEqual(11);
    for (const file of [saved[2], saved[6], saved[saved.length - 1]]) {
      expect((await run({ resume: decodeCheckpoint(file, "s", "checkpoint") })).best).toEqual(whole.best);
    }
  });

  it("refuse the checkpoint of another run, and what is none", async () => {
    const file = encodeCheckpoint({ results: [], networks: { last: new Map(), best: new Map() } }, '{"seed":1}');
    expect(() => decodeCheckpoint(file, '{"seed":2}', "c.onnx")).toThrow(
      /c\.onnx belongs to a run with other options \({"seed":1}\)/,
    );
    expect(() => decodeCheckpoint(file.subarray(0, 40), "", "c.onnx")).toThrow(/c\.onnx/);
    // From a step before the first, the training would not end.
    const current = { iteration: 2, step: -(2 ** 31), lossSum: 0, history: [] };
    const back = emptyModel("checkpoint");
    back.metadata.set("espalier.checkpoint", JSON.stringify({ version: 4, settings: "", results: [], current }));
    expect(() => decodeCheckpoint(writeModel(back), "", "c.onnx")).toThrow(/c\.onnx is not a checkpoint/);
    expect(() => decodeCheckpoint(new Uint8Array(), "", "c.onnx")).toThrow(/c\.onnx/);
  });
});

describe("dropout while retraining", () => {
  it("is D_o sqrt(C_ir / C_io), by the layer whose outputs are dropped", () => {
    const weight = model.initializers.get("fc1.weight") as FloatTensor;
    const mask = { ...weight, data: weight.data.map((_, i) => (i % 4 === 0 ? 1 : 0)) };
    expect(retrainingDropout(model, new Map([["fc1.weight", mask]]))).toEqual(
      new Map([["drop1", expect.closeTo(0.1, 6)]]),
    );
    expect(retrainingDropout(model, new Map([["fc2.weight", mask]])).size).toBe(0);
    // Of the inputs, by the layer that reads them.
    expect(inputDropout(model, new Map([["fc1.weight", mask]]), 0.3)).toBeCloseTo(0.15, 6);
    expect(inputDropout(model, new Map([["fc2.weight", mask]]), 0.3)).toBe(0.3);
  });

  it("is the training's, none, or another, where that is asked for", () => {
    const masks = new Map([["fc1.weight", maskAbove(model.initializers.get("fc1.weight") as FloatTensor, 0.3)]]);
    expect(dropoutRatios(model, masks)).toEqual(retrainingDropout(model, masks));
    expect(dropoutRatios(model, masks, "original").size).toBe(0);
    expect(dropoutRatios(model, masks, "none")).toEqual(new Map([["drop1", 0]]));
    expect(dropoutRatios(model, masks, 0.15)).toEqual(new Map([["drop1", 0.15]]));
  });

  it("of inputs drops the part that is asked for, keeps the mean, and resumes to the same bytes", async () => {
    const inputs = Float32Array.from({ length: 10_000 }, (_, i) => (i % 2 ? 1 : 0));
    dropInputs(inputs, 0.25, random(1, "test"));
    const dropped = inputs.filter((x, i) => i % 2 && x === 0).length;
    expect(dropped / 5000).toBeCloseTo(0.25, 1);
    expect(inputs.every((x) => x === 0 || Math.abs(x - 1 / 0.75) < 1e-6)).toBe(true);
    const dropping = rounds.map((round) => ({ ...round, inputDropout: 0.4 }));
    const go = (rest: Partial<RoundsOptions> = {}) =>
      runRounds(engine, model, data, dropping, { batch: 20, seed: 1, ...rest });
    const saved: Uint8Array[] = [];
    const whole = await go({ onEpoch: (state) => void saved.push(encodeCheckpoint(state, "s")) });
    expect(whole.best).not.toEqual((await run()).best);
    expect(await go({ resume: decodeCheckpoint(saved[7], "s", "checkpoint") })).toEqual(whole);
  });
});

describe("the table of a network", () => {
  it("counts weights, MACs and what is left", async () => {
    const weight = model.initializers.get("fc1.weight") as FloatTensor;
    const cut = withParameters(
      model,
      new Map([["fc1.weight", { ...weight, data: weight.data.map((w, i) => (i % 2 ? w : 0)) }]]),
    );
    const rows = await layerTable(engine, cut, data);
    expect(rows[0]).toMatchObject({
      name: "fc1",
      op: "Gemm",
      weights: 192,
      kept: 96,
      density: 0.5,
      macs: 192,
      macsLeft: 0.5,
    });
    const share = rows[0].activations ?? 0;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.9);
    // fc2 skips the units of fc1 that are zero.
    expect(rows[1].macsLeft).toBeCloseTo(share, 6);
    expect((await layerTable(engine, cut))[1]).toMatchObject({ macs: 48, macsLeft: 1, activations: undefined });
  });
});

describe("groups pruned in turn", () => {
  const all = pruningRounds(target, 2, learning);

  it("leave the other layers exactly as they are", async () => {
    const seen: { name: string; layers: Readonly<Record<string, number>> }[] = [];
    let before = new Map<string, FloatTensor>();
    const changed: string[][] = [];
    await runRounds(engine, model, data, inTurn(all, ["fc1", "fc2"], model), {
      batch: 20,
      seed: 1,
      onRound: ({ name, layers }, parameters) => {
        seen.push({ name, layers });
        const differs = (p: string, { data }: FloatTensor) => data.some((w, i) => w !== before.get(p)?.data[i]);
        changed.push([...parameters].filter(([p, tensor]) => differs(p, tensor)).map(([p]) => p));
        before = new Map(parameters);
      },
    });
    expect(seen.map(({ name }) => name)).toEqual([
      "prune 1 of 2, fc1",
      "prune 1 of 2, fc2",
      "prune 2 of 2, fc1",
      "prune 2 of 2, fc2",
    ]);
    expect(seen[0].layers).toEqual({ fc1: 0.25, fc2: 1 });
    expect(seen[3].layers.fc1).toBe(1 / 16);
    expect(seen[3].layers.fc2).toBe(0.5);
    expect(changed.slice(1)).toEqual([
      ["fc2.weight", "fc2.bias"],
      ["fc1.weight", "fc1.bias"],
      ["fc2.weight", "fc2.bias"],
    ]);
  });

  it("need targets of their own", () => {
    const rate = pruningRounds({ kind: "rate", rate: 4 }, 1, learning);
    expect(() => inTurn(rate, ["fc1", "fc2"], model)).toThrow(/give a density or a quality for each layer/);
    expect(() => inTurn(all, ["conv*"], model)).toThrow(/No layer is called "conv\*"/);
  });
});
