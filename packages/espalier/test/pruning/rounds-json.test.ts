import { describe, expect, it } from "vitest";
import type { Round } from "../../src/pruning/round.ts";
import { storedRounds, storeRounds } from "../../src/pruning/rounds-json.ts";

const rounds: readonly Round[] = [
  {
    name: "train",
    epochs: 2,
    optimizer: { name: "adamw", decay: 0.01 },
    learningRate: { policy: "cosine", rate: 0.1, final: 0 },
    regularization: new Map([["w", { l2: 0.0005 }]]),
    clipping: { norm: 5 },
  },
  {
    name: "prune",
    prune: { target: { kind: "density", layers: [["fc*", 0.1]] }, part: 0.5, criterion: "taylor" },
    epochs: 1,
    optimizer: { name: "sgd", momentum: 0.9 },
    learningRate: { policy: "step", rate: 0.1, gamma: 0.5, every: 2 },
    frozen: new Set(["b"]),
    augmentation: { shift: 1 },
    retrainingDropout: 0.25,
  },
];

describe("rounds as JSON", () => {
  it("are read as they were", () => {
    expect(storedRounds.parse(JSON.parse(JSON.stringify(storeRounds(rounds))))).toEqual(rounds);
  });

  it("are refused with masks, or an option of another version", () => {
    const masks = { kind: "masks", masks: new Map() } as const;
    expect(() => storeRounds([{ ...rounds[1], prune: { target: masks, part: 1 } }])).toThrow("0.prune.target");
    const [first] = JSON.parse(JSON.stringify(storeRounds(rounds)));
    expect(storedRounds.safeParse([{ ...first, warmth: 1 }]).success).toBe(false);
    expect(storedRounds.safeParse([{ ...first, epochs: -1 }]).success).toBe(false);
  });
});
