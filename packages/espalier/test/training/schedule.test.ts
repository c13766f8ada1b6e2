import { describe, expect, it } from "vitest";
import { type Policy, scaled, schedule } from "../../src/training/schedule.ts";

const at = (policy: Policy, epoch: number) => schedule(policy)({ iteration: epoch * 100, epoch, epochs: 10 });

describe("learning-rate policies", () => {
  it.each<[Policy, number, number]>([
    [{ policy: "constant", rate: 0.1 }, 7, 0.1],
    [{ policy: "step", rate: 0.1, gamma: 0.5, every: 3 }, 2.9, 0.1],
    [{ policy: "step", rate: 0.1, gamma: 0.5, every: 3 }, 6, 0.025],
    // Caffe's LeNet: base_lr 0.01, gamma 0.0001, power 0.75, at iteration 1000.
    [{ policy: "inv", rate: 0.01, gamma: 0.0001, power: 0.75 }, 10, 0.01 * 1.1 ** -0.75],
    [{ policy: "exponential", rate: 0.1, final: 0.001 }, 5, 0.01],
    [{ policy: "cosine", rate: 0.1, final: 0 }, 0, 0.1],
    [{ policy: "cosine", rate: 0.1, final: 0.02 }, 5, 0.06],
    [{ policy: "cosine", rate: 0.1, final: 0.02 }, 10, 0.02],
  ])("%o at epoch %d", (policy, epoch, rate) => {
    expect(at(policy, epoch)).toBeCloseTo(rate, 12);
  });

  it("can be scaled as a whole", () => {
    const policy = { policy: "exponential", rate: 0.1, final: 0.01 } as const;
    for (const epoch of [0, 3, 10]) expect(at(scaled(policy, 0.1), epoch)).toBeCloseTo(at(policy, epoch) / 10, 12);
  });

  it("refuses a rate that is not above zero", () => {
    expect(() => schedule({ policy: "constant", rate: 0 })).toThrow(/not above zero/);
  });
});
