import { describe, expect, it } from "vitest";
import { asked } from "../../src/report/asked.ts";
import { error } from "../../src/tasks/measures/error.ts";

const training = {
  batch: 64,
  seed: 1,
  optimizer: { name: "sgd", momentum: 0.9 },
  learningRate: { policy: "exponential", rate: 0.01, final: 0.0005 },
  l1: 0,
  l2: 0.0005,
};

describe("what was asked, in words", () => {
  it("tells a search", () => {
    const settings = { kind: "search", maxLoss: 0.2, rate: undefined, epochs: 12, inputDropout: 0, ...training };
    expect(asked(settings, error)).toEqual([
      ["How far", "the smallest network whose validation error is worse by 0.2 points at most"],
      ["Retraining", "12 epochs in each round"],
      ["Optimizer", "SGD with momentum 0.9"],
      ["Learning rate", "from 0.01 to 0.0005, exponentially"],
      ["Batch", "64 samples"],
      ["Regularization", "L2 0.0005"],
      ["Seed", "1"],
    ]);
  });

  it("tells rounds to densities, with all that retraining can have", () => {
    const settings = {
      ...training,
      kind: "rounds",
      target: {
        kind: "density",
        layers: [
          ["fc1", 0.07],
          ["fc*", 0.3],
        ],
      },
      rounds: 3,
      epochs: 1,
      criterion: "magnitude",
      gradual: true,
      splicing: true,
      inTurn: ["conv*", "fc*"],
      inputDropout: 0.2,
      clipping: { norm: 5 },
      augmentation: { shift: 1, flip: true },
      freeze: ["conv1"],
      batchNorm: "frozen",
      patience: 4,
      loss: "own",
    };
    const told = new Map(asked(settings, error));
    expect(told.get("How far")).toBe("weights kept of fc1: 7%, fc*: 30%");
    expect(told.get("Rounds")).toBe("3 rounds, each retrained for 1 epoch");
    expect(told.get("Schedule")).toBe("gradual; connections that were cut may come back");
    expect(told.get("In turn")).toBe("conv*, then fc*");
    expect(told.get("Dropout of the inputs")).toBe("20%");
    expect(told.get("Clipping")).toBe("the gradient's norm to 5");
    expect(told.get("Augmentation")).toBe("moved by up to 1 pixel, mirrored at random");
    expect(told.get("Frozen")).toBe("conv1");
    expect(told.get("BatchNormalization")).toBe("with its own statistics");
    expect(told.get("Patience")).toBe("a round ends 4 epochs after its best");
    expect(told.get("Loss")).toBe("one of the user's");
    for (const text of told.values()) expect(text).not.toMatch(/[{}[\]"]|undefined/);
  });

  it.each([
    [{ kind: "masks" }, "what is zero in another network is cut"],
    [{ kind: "rounds", target: { kind: "rate", rate: 12 } }, "12x smaller"],
    [
      { kind: "rounds", target: { kind: "quality", layers: [["fc1", 1.5]] } },
      "weights cut below fc1: 1.5 standard deviations",
    ],
    [{ kind: "search", rate: 50 }, "50x smaller, found by a search"],
  ])("tells how far: %o", (settings, text) => {
    expect(asked(settings, error)).toEqual([["How far", text]]);
  });

  it("tells what it has no words for by its name", () => {
    expect(asked({ data: "MNIST", another: { a: 1 } }, error)).toEqual([
      ["Data", "MNIST"],
      ["Another", '{"a":1}'],
    ]);
  });
});
