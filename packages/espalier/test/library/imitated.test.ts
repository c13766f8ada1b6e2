import { nodeEngine } from "espalier/node";
import { describe, expect, it } from "vitest";
import { budgetOf, type ImitatedOptions, imitated } from "../../src/library/imitated.ts";
import { bytesOf } from "../../src/sharing/scaled/rounded.ts";
import { Scaler } from "../../src/sharing/scaled/scale-network.ts";
import { statisticsOf } from "../../src/sharing/scaled/statistics.ts";
import { blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });

describe("how much is trained", () => {
  it("is what was asked for", () => {
    expect(budgetOf(1e12, 5000, 3)).toEqual({ samples: 5000, epochs: 3, total: 9 });
    expect(budgetOf(1, 5000, 0).epochs).toBe(0);
  });

  it("is all samples of a small network, a part of them of a large one, and nothing of one that takes too long", () => {
    const [small, large, huge] = [1e6, 1e9, 1e11].map((macs) => budgetOf(macs, 5000, undefined));
    expect(small.samples).toBe(5000);
    expect(small.total).toBeGreaterThan(3 * small.epochs);
    expect(large.samples).toBeLessThan(5000);
    expect(large.total).toBeGreaterThanOrEqual(12);
    expect(huge.total).toBe(0);
    for (const { samples, total } of [large, huge]) expect(4 * 1e9 * samples * total).toBeLessThan(2e13);
    expect(budgetOf(1e9, 20, undefined).samples).toBe(20);
  });
});

describe("imitation within a loss", () => {
  it("ends where epochs bring nothing, and keeps what rounding came to", async () => {
    const data = { ...blobs(), targets: [] };
    const net = await trainedBlobNet(engine, blobs());
    const statistics = await statisticsOf(engine, net, data, { batch: 20, seed: 1, kinds: ["scores"] });
    const scaler = new Scaler(statistics);
    const [lambda, cut] = [0.05, 0];
    const scaling = await scaler.scale(lambda);
    const point = { lambda, cut, epochs: 0, bytes: bytesOf(scaling), density: 1, fidelity: 100, accepted: true };
    const rounded = { scaling, point };
    const notes: string[] = [];
    let epochs = 0;
    const options: ImitatedOptions = {
      ...{ statistics, batch: 20, seed: 1, kinds: ["scores"] },
      note: (text) => notes.push(text),
      scaled: (how) => scaler.scale(how.lambda, how),
      async judge(_, how, epoch) {
        epochs = epoch;
        return { ...point, ...how, epochs: epoch, fidelity: 50, accepted: false };
      },
    };
    expect(await imitated(engine, net, data, rounded, { ...options, epochs: 8 })).toBe(rounded);
    expect(epochs).toBe(4);
    expect(notes.at(-1)).toBe("The imitation brought nothing in 3 epochs, and ends.");
    expect(await imitated(engine, net, data, rounded, { ...options, epochs: 0 })).toBe(rounded);
    expect(notes).toHaveLength(2);
  });
});
