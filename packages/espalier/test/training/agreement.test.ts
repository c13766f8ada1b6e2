import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { AgreementTally, agreementOn, scoresOn } from "../../src/training/agreement.ts";
import { Evaluator } from "../../src/training/evaluate.ts";
import { parametersOf, trainableParameters } from "../../src/training/parameters.ts";
import { blobNet, blobs } from "../blobs.ts";

const scores = (...rows: number[][]) => float32([rows.length, rows[0].length], Float32Array.from(rows.flat()));
/** Scores whose probabilities these are. */
const log = (...p: number[]) => p.map(Math.log);

describe("agreement", () => {
  it("is counted with what the reference gives to each network's first class", () => {
    const tally = new AgreementTally();
    const reference = scores(log(0.7, 0.2, 0.1), log(0.5, 0.4, 0.1), log(0.1, 0.1, 0.8));
    tally.add(scores(log(0.7, 0.2, 0.1), log(0.3, 0.6, 0.1), log(0.8, 0.1, 0.1)), reference, 2);
    const { samples, agreement, expectedLoss, divergence } = tally.agreement();
    expect([samples, agreement]).toEqual([2, 50]);
    expect(expectedLoss).toBeCloseTo((100 * (0.5 - 0.4)) / 2, 4);
    expect(divergence).toBeCloseTo((0.5 * Math.log(0.5 / 0.3) + 0.4 * Math.log(0.4 / 0.6)) / 2, 6);
  });

  it("of a network with itself is whole, and less with another", async () => {
    const engine = nodeEngine({ threads: 1 });
    const data = blobs();
    const model = blobNet(1);
    const evaluator = await Evaluator.create(engine, model, data, trainableParameters(model), { batch: 30 });
    const reference = await scoresOn(evaluator, data.test);
    expect(reference).toHaveLength(4);
    const same = { samples: 100, agreement: 100, divergence: 0, expectedLoss: 0 };
    expect(await agreementOn(evaluator, data.test, reference)).toEqual(same);
    evaluator.load(parametersOf(blobNet(2), trainableParameters(model)));
    const other = await agreementOn(evaluator, data.test, reference);
    expect(other.agreement).toBeLessThan(80);
    expect(other.expectedLoss).toBeGreaterThan(0);
    expect(other.divergence).toBeGreaterThan(0);
    await evaluator.release();
  });
});
