import { type CheckpointStore, compress, decode, evaluate, readModel, shareByRate, writeModel } from "espalier";
import { nodeEngine } from "espalier/node";
import { beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../src/onnx/graph.ts";
import { blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
let dense: Model;

beforeAll(async () => {
  dense = await trainedBlobNet(engine, data);
});

/** A checkpoint in memory, which may stop the run after so many saves. */
function memory(stop?: { readonly after: number; readonly abort: AbortController }) {
  let state: Uint8Array | undefined;
  let saves = 0;
  return {
    name: "memory",
    load: () => state,
    save(bytes) {
      state = bytes;
      if (++saves === stop?.after) stop.abort.abort();
    },
  } satisfies CheckpointStore;
}

describe("training for the rate", () => {
  it("makes a small file whose network is worse by no more than was allowed, and says what it tried", async () => {
    const result = await compress(engine, dense, data, { trainRate: true, maxLoss: 5, epochs: 2, learningRate: 0.1 });
    const { trials = [], trial, baseline, shared, contents } = result;
    expect(trial?.bytes).toBe(contents.length);
    expect(trial?.bytes).toBe(Math.min(...trials.flatMap(({ accepted, bytes }) => (accepted ? [bytes] : []))));
    expect(shared?.validation).toBe(trial?.validation);
    expect(shared?.validation).toBeLessThanOrEqual((baseline?.validation ?? 0) + 5);
    const { value } = await evaluate(engine, readModel(decode(contents)), data, {});
    expect(value).toBe(shared?.test);
    expect(contents.length).toBeLessThan(writeModel(dense).length / 4);
    expect(trials.length).toBeGreaterThan(1);
  });

  it("cuts more connections the dearer a bit is, and makes the same file of the same seed", async () => {
    const at = (lambda: number) =>
      compress(engine, dense, data, { trainRate: true, lambda, epochs: 3, learningRate: 0.1 });
    const [cheap, dear] = [await at(1e-5), await at(3e-3)];
    expect(dear.trial?.density).toBeLessThan(cheap.trial?.density ?? 0);
    expect(dear.contents.length).toBeLessThan(cheap.contents.length);
    expect((await at(3e-3)).contents).toEqual(dear.contents);
  });

  it("goes on where it was stopped, to the same network", async () => {
    const options = { lambda: 1e-3, epochs: 4, learningRate: 0.1, distill: 1 };
    const whole = await shareByRate(engine, dense, data, options);
    const abort = new AbortController();
    const checkpoint = memory({ after: 2, abort });
    await expect(shareByRate(engine, dense, data, { ...options, checkpoint, signal: abort.signal })).rejects.toThrow();
    const { model, trials } = await shareByRate(engine, dense, data, { ...options, checkpoint });
    expect(trials).toEqual(whole.trials);
    expect(writeModel(model)).toEqual(writeModel(whole.model));
    await expect(shareByRate(engine, dense, data, { ...options, seed: 2, checkpoint })).rejects.toThrow(/another run/);
  });

  it("goes on behind a trial at no price", async () => {
    const options = { lambda: 0, epochs: 1 };
    const abort = new AbortController();
    const checkpoint = memory({ after: 2, abort });
    await expect(shareByRate(engine, dense, data, { ...options, checkpoint, signal: abort.signal })).rejects.toThrow();
    expect((await shareByRate(engine, dense, data, { ...options, checkpoint })).trials).toHaveLength(1);
  });

  it("trains any task, and from inputs alone", async () => {
    const unlabelled = { ...data, targets: [] };
    const { measure, shared, labels } = await shareByRate(engine, dense, unlabelled, { lambda: 1e-5, epochs: 2 });
    expect(labels).toBe("own");
    expect(measure.better).toBe("higher");
    expect(shared?.validation).toBeGreaterThan(90);
  });

  it("refuses what has no part in it", async () => {
    const refused = (options: object) => compress(engine, dense, data, { trainRate: true, ...options });
    await expect(refused({})).rejects.toThrow(/lambda.*maxLoss/);
    await expect(refused({ lambda: 1, maxLoss: 1 })).rejects.toThrow(/lambda.*maxLoss/);
    await expect(refused({ maxLoss: 1, method: "kmeans" })).rejects.toThrow(/leave out method/);
    await expect(refused({ lambda: 1, epochs: 0 })).rejects.toThrow(/epochs/);
    await expect(refused({ maxLoss: 1, format: "gather" })).rejects.toThrow(/codebooks/);
    await expect(refused({ maxLoss: 1, unlabeled: true })).rejects.toThrow(/unlabeled/);
    await expect(compress(engine, dense, undefined, { trainRate: true, maxLoss: 1 })).rejects.toThrow(/give data/);
    await expect(compress(engine, dense, data, { maxLoss: 1, shift: 1 })).rejects.toThrow(/trainRate/);
    await expect(shareByRate(engine, dense, { ...data, targets: [] }, { lambda: 1e-5, distill: 1 })).rejects.toThrow(
      /leave out distill/,
    );
  });
});
