import { type CurvePoint, compress, decode, evaluateAgainst, readModel, shareWithin, writeModel } from "espalier";
import { nodeEngine } from "espalier/node";
import { beforeAll, describe, expect, it } from "vitest";
import { A_GUESS } from "../../src/library/share-by-guess.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const labelled = blobs();
const data = { ...labelled, targets: [] };
let dense: Model;

beforeAll(async () => {
  dense = await trainedBlobNet(engine, labelled);
});

describe("shareWithin", () => {
  it("finds a small network whose outputs are the same within a loss, and no label is read", async () => {
    const result = await shareWithin(engine, dense, data, { maxLoss: 5, epochs: 2 });
    const { curve, fidelity } = result;
    expect(result.measure.name).toBe("argmax");
    expect(fidelity?.validation).toBeGreaterThanOrEqual(95);
    const { fidelity: test } = await evaluateAgainst(engine, result.model, dense, data);
    expect(fidelity?.test).toBe(test);
    expect(curve.map(({ bytes }) => bytes)).toEqual(curve.map(({ bytes }) => bytes).toSorted((a, b) => a - b));
    for (const { accepted, fidelity } of curve) expect(accepted).toBe(fidelity >= 95);
    expect(result.layers.map(({ name }) => name)).toContain("fc1");
  });

  it("goes on from the points of an earlier run to the same network", async () => {
    const points: CurvePoint[] = [];
    const options = { maxLoss: 5, epochs: 0 };
    const whole = await shareWithin(engine, dense, data, {
      ...options,
      onProgress: (progress) => progress.kind === "curve" && points.push(progress.point),
    });
    let tried = 0;
    const resumed = await shareWithin(engine, dense, data, {
      ...options,
      known: points.slice(0, 4),
      onProgress: ({ kind }) => {
        if (kind === "curve") tried++;
      },
    });
    expect(tried).toBe(points.length - 4);
    expect(writeModel(resumed.model)).toEqual(writeModel(whole.model));
  });

  it("says that few samples tell little, and ends by a signal", async () => {
    const notes: string[] = [];
    const few = { ...data, validation: { ...data.validation, size: 9 } };
    await shareWithin(engine, dense, few, {
      maxLoss: 1,
      epochs: 0,
      onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
    });
    expect(notes.join()).toMatch(/9 validation samples tell fidelity to ±.* give more samples/);
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await expect(shareWithin(engine, dense, data, { maxLoss: 1, signal: stop.signal })).rejects.toThrow("enough");
  });
});

describe("compress", () => {
  it("takes that way where only a loss is given with data", async () => {
    const { contents, curve, fidelity } = await compress(engine, dense, data, { maxLoss: 5, epochs: 0 });
    expect(curve?.length).toBeGreaterThan(3);
    const { fidelity: test } = await evaluateAgainst(engine, readModel(decode(contents)), dense, data);
    expect(test).toBe(fidelity?.test);
    expect(contents.length).toBeLessThan((await compress(engine, dense, undefined)).contents.length / 2);
  });

  it("rounds by scales without data, and says that it is a guess", async () => {
    const notes: string[] = [];
    const onProgress = (progress: { readonly kind: string; readonly text?: string }) =>
      progress.kind === "note" && notes.push(progress.text ?? "");
    const result = await compress(engine, dense, undefined, { bits: 4, onProgress });
    expect(notes).toContain(A_GUESS);
    for (const { values } of result.layers) expect(values).toBeLessThanOrEqual(15);
    const near = await evaluateAgainst(engine, readModel(decode(result.contents)), dense, data);
    expect(near.fidelity).toBeGreaterThan(90);
    const byLoss = await compress(engine, dense, undefined, { maxLoss: 1 });
    expect(byLoss.layers.map(({ name }) => name)).toContain("fc2");
    expect((await evaluateAgainst(engine, readModel(decode(byLoss.contents)), dense, data)).fidelity).toBeGreaterThan(
      90,
    );
  });
});
