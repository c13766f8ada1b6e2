import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { direct } from "../../src/cli/print.ts";
import { reporter } from "../../src/cli/progress.ts";
import { watched } from "../../src/cli/watched.ts";
import type { RoundResult, Verdict } from "../../src/pruning/round.ts";
import { blobs } from "../blobs.ts";

let said = "";
beforeEach(() => {
  vi.useFakeTimers();
  direct();
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const steps = (step: number) => ({
  kind: "steps" as const,
  round: "train",
  steps: { epoch: 1, epochs: 4, step, steps: 100, since: 1, loss: 0.5, learningRate: 0.1 },
});

function roundOf(verdict: Verdict, name = "round 1"): RoundResult {
  return { name, density: 0.5, layers: {}, bestEpoch: 1, validation: 3, epochs: [], verdict };
}

describe("a command that says nothing by itself", () => {
  it("says every ten seconds what it does, how far it is and how long it takes", () => {
    const { report, stop } = reporter();
    report({ kind: "work", what: "Rounding layers", done: 0, total: 8 });
    vi.advanceTimersByTime(9000);
    expect(said).toBe("");
    report({ kind: "work", what: "Rounding layers", done: 2, total: 8 });
    vi.advanceTimersByTime(1000);
    expect(said).toBe("Rounding layers: 25% done, about 30 s left.\n");
    vi.advanceTimersByTime(20_000);
    expect(said.split("\n")).toHaveLength(4);
    stop();
    vi.advanceTimersByTime(60_000);
    expect(said.split("\n")).toHaveLength(4);
  });

  it("says where it reads", async () => {
    const { stop } = reporter();
    const data = watched(blobs());
    await data.validation.read([0, 1, 2], {});
    await data.validation.read([3, 4], {});
    vi.advanceTimersByTime(10_000);
    expect(said).toBe("at 5 of 100 validation samples.\n");
    // What is read in another order is at no place.
    await data.validation.read([9, 3], {});
    vi.advanceTimersByTime(10_000);
    expect(said).toMatch(/\nStill at work\.\n$/);
    stop();
  });

  it("says in a long epoch how much of it is done", () => {
    const { report, stop } = reporter();
    report({ kind: "start", epochs: 4, stepsPerEpoch: 100, batch: 64 });
    for (let step = 1; step <= 25; step++) {
      vi.advanceTimersByTime(800);
      report(steps(step));
    }
    expect(said.split("\n")[0]).toMatch(
      /^train 1\/4: 12% of the epoch, loss 0\.5000, 77 samples\/s, 5 min 23 s left\.$/,
    );
    stop();
  });

  it("says how fast a step of several seconds is", () => {
    const { report, stop } = reporter();
    report({ kind: "start", epochs: 1, stepsPerEpoch: 100, batch: 2 });
    for (let step = 1; step <= 5; step++) {
      vi.advanceTimersByTime(3000);
      report(steps(step));
    }
    expect(said).toMatch(/0\.60 samples\/s/);
    stop();
  });

  it("is quiet where it is to be", () => {
    direct({ quiet: true });
    const { report, stop } = reporter();
    report({ kind: "work", what: "Rounding layers", done: 0, total: 8 });
    vi.advanceTimersByTime(60_000);
    expect(said).toBe("");
    stop();
  });
});

describe("a round of a search", () => {
  it.each<[Verdict, RegExp]>([
    [{ best: true, accepted: true, within: true }, /in epoch 1; the search takes/],
    [{ best: false, accepted: true, within: true }, /, within the limit but no smaller than the best;/],
    [{ best: false, accepted: true, within: false }, /, above the limit by no more than chance: the search goes on/],
    [{ best: false, accepted: false, within: false }, /, too much;/],
  ])("is told by what becomes of it: %j", (verdict, sentence) => {
    const { report, stop } = reporter();
    report({ kind: "start", stepsPerEpoch: 100, batch: 64 });
    vi.advanceTimersByTime(5000);
    report({ kind: "round", result: roundOf(verdict), left: { least: 2, most: 6 } });
    expect(said).toMatch(sentence);
    expect(said).toMatch(/; the search takes about 2 to 6 more rounds, 10 s to 30 s\n$/);
    stop();
  });

  it("is one of a plan where none follow", () => {
    const { report, stop } = reporter();
    report({ kind: "start", epochs: 1, stepsPerEpoch: 100, batch: 64 });
    report({ kind: "round", result: roundOf({ best: true, accepted: true }) });
    expect(said).toBe("round 1: 2.0x, validation error 3.00% in epoch 1\n");
    stop();
  });
});
