import { describe, expect, it } from "vitest";
import type { Head } from "../../../src/adoption/heads.ts";
import { fidelityMeasures } from "../../../src/tasks/fidelity/index.ts";
import { blanksIn, classesIn, collapsed } from "../../../src/tasks/fidelity/positions.ts";
import { chanceAt, RatioTally } from "../../../src/tasks/fidelity/ratio.ts";

const head = (kind: Head["kind"], shape: readonly number[], inner = 1): Head => ({
  name: "y",
  kind,
  shape: [1, ...shape],
  classes: inner === 1 ? (shape[shape.length - 1] ?? 1) : shape[0],
  inner,
  dense: false,
});
const f = (...values: number[]) => Float32Array.from(values);

/** The value of a measure over samples, each an output and its target, or several of both. */
function ratioOf(
  name: string,
  heads: readonly Head[],
  samples: readonly (readonly [Float32Array | Float32Array[], Float32Array | Float32Array[]])[],
): number {
  const measure = fidelityMeasures.get(name);
  if (!measure) throw new Error(name);
  const compare = measure.comparison(heads);
  const tally = new RatioTally(measure);
  for (const [output, target] of samples) tally.add(compare([output].flat(), [target].flat()));
  return tally.value;
}

describe("classes of positions", () => {
  it("are those of the highest score, along the last axis or one before it", () => {
    expect([...classesIn(f(0, 2, 1, 5, 4, 3), { classes: 3, inner: 1 })]).toEqual([1, 0]);
    // Two classes of three positions each: [2, 3].
    expect([...classesIn(f(0, 5, 1, 3, 4, 1), { classes: 2, inner: 3 })]).toEqual([1, 0, 0]);
  });

  it("are none where a score is not a number", () => {
    expect([...classesIn(f(0, Number.NaN, 1, Number.NaN, 0, 0), { classes: 3, inner: 1 })]).toEqual([-1, -1]);
  });

  it("spell a sequence without repetitions and blanks, where a blank tells two of a kind apart", () => {
    expect(collapsed(Int32Array.of(0, 3, 3, 0, 3, 1, 1, 0))).toEqual([3, 3, 1]);
    expect(blanksIn(f(1, 0, 0, 1, 1, 0), { classes: 2, inner: 1 })).toEqual({ blanks: 2, all: 3 });
  });
});

describe("argmax", () => {
  it("counts the positions that name the same class", () => {
    const steps = head("softmax", [2, 3]);
    expect(ratioOf("argmax", [steps], [[f(1, 0, 0, 0, 0, 1), f(0.4, 0.3, 0.3, 0, 1, 0)]])).toBe(50);
  });

  it("is the decision at 0.5 for one probability, and fits no single value", () => {
    const one = head("sigmoid", [1]);
    const samples = [
      [f(0.9), f(0.6)],
      [f(0.4), f(0.6)],
      [f(0.1), f(0.2)],
      [f(Number.NaN), f(0.2)],
    ] as const;
    expect(ratioOf("argmax", [one], samples)).toBe(50);
    expect(ratioOf("decision", [one], samples)).toBe(50);
    expect(fidelityMeasures.get("argmax")?.fits(head("values", [1]))).toBe(false);
  });
});

describe("ctc", () => {
  const steps = head("softmax", [4, 3]);
  const spelled = (...classes: number[]) => Float32Array.from(classes.flatMap((c) => [0, 1, 2].map((i) => +(i === c))));

  it("counts samples that read the same, whatever the steps at which they say it", () => {
    const target = spelled(0, 1, 1, 2);
    expect(ratioOf("ctc", [steps], [[spelled(1, 0, 0, 2), target]])).toBe(100);
    expect(ratioOf("ctc", [steps], [[spelled(1, 0, 1, 2), target]])).toBe(0);
    const broken = spelled(0, 1, 1, 2).fill(Number.NaN, 0, 3);
    expect(ratioOf("ctc", [steps], [[broken, target]])).toBe(0);
  });
});

describe("iou", () => {
  it("sums intersections and unions over all samples", () => {
    const map = head("sigmoid", [1, 2, 2]);
    const samples = [
      [f(0.9, 0.9, 0.1, 0.1), f(0.9, 0.1, 0.1, 0.1)],
      [f(0.9, 0.9, 0.9, 0.1), f(0.9, 0.9, 0.9, 0.1)],
      [f(0, 0, 0, 0), f(0, 0, 0, 0)],
    ] as const;
    expect(ratioOf("iou", [map], samples)).toBe(80);
  });

  it("leaves the background out, wherever the classes lie", () => {
    expect(ratioOf("iou", [head("softmax", [2, 2])], [[f(0.9, 0.1, 0.2, 0.8), f(0.9, 0.1, 0.3, 0.7)]])).toBe(100);
    expect(ratioOf("iou", [head("softmax", [2, 2], 2)], [[f(0.9, 0.2, 0.1, 0.8), f(0.4, 0.3, 0.6, 0.7)]])).toBe(50);
  });

  it("does not count what is not a number", () => {
    expect(ratioOf("iou", [head("sigmoid", [1, 1, 2])], [[f(Number.NaN, 0.9), f(0.9, 0.9)]])).toBe(50);
  });
});

describe("boxes", () => {
  const heads = [head("softmax", [3, 2]), head("values", [3, 4])];
  const scores = (...faces: number[]) => Float32Array.from(faces.flatMap((p) => [1 - p, p]));
  const [a, b, c] = [
    [0, 0, 1, 1],
    [0, 0, 1, 0.9],
    [2, 2, 3, 3],
  ];

  it("are twice the pairs over all boxes of both, after those that overlap a better one are gone", () => {
    const target = [scores(0.9, 0.8, 0.75), f(...a, ...b, ...c)];
    // The second overlaps the first: two boxes are left of each, of which one is not found again.
    expect(ratioOf("boxes", heads, [[target, target]])).toBe(100);
    expect(ratioOf("boxes", heads, [[[scores(0.9, 0.8, 0.6), f(...a, ...b, ...c)], target]])).toBeCloseTo(200 / 3);
  });

  it("are paired one to one, and only where they overlap by half", () => {
    const target = [scores(0.9, 0.1, 0.1), f(...a, ...b, ...c)];
    expect(ratioOf("boxes", heads, [[[scores(0.1, 0.1, 0.9), f(...a, ...b, 0, 0, 1, 0.6)], target]])).toBe(100);
    expect(ratioOf("boxes", heads, [[[scores(0.1, 0.1, 0.9), f(...a, ...b, 0, 0, 1, 0.4)], target]])).toBe(0);
  });

  it("say nothing where nobody reports any", () => {
    const none = [scores(0.1, 0.1, 0.1), f(...a, ...b, ...c)];
    const tally = new RatioTally({ better: "higher" });
    tally.add(fidelityMeasures.get("boxes")?.comparison(heads)(none, none) ?? { part: 1, whole: 1 });
    expect(tally.empty).toBe(true);
  });
});

describe("cosine and relative-error", () => {
  it("compare vectors along the last axis", () => {
    const vectors = head("values", [1, 2, 2]);
    expect(ratioOf("cosine", [vectors], [[f(1, 0, 1, 1), f(2, 0, 1, -1)]])).toBe(50);
    expect(ratioOf("cosine", [vectors], [[f(0, 0, 0, 0), f(0, 0, 1, -1)]])).toBe(50);
  });

  it("are norms over all samples together", () => {
    const value = head("values", [2]);
    const samples = [
      [f(3, 4), f(0, 0)],
      [f(0, 0), f(0, 10)],
    ] as const;
    expect(ratioOf("relative-error", [value], samples)).toBeCloseTo(100 * Math.sqrt(125 / 100), 10);
  });
});

describe("chance", () => {
  it("is the binomial's where each sample is right or wrong", () => {
    const tally = new RatioTally({ better: "higher" });
    for (let i = 0; i < 400; i++) tally.add({ part: i % 10 === 0 ? 0 : 1, whole: 1 });
    expect(tally.value).toBe(90);
    expect(tally.standardError).toBeCloseTo(chanceAt(90, 399), 6);
    expect(chanceAt(90, 400)).toBeCloseTo(1.5, 10);
  });

  it("is not nothing where all samples are right", () => {
    const tally = new RatioTally({ better: "higher" });
    for (let i = 0; i < 10; i++) tally.add({ part: 3, whole: 3 });
    expect(tally.standardError).toBe(5);
  });

  it("of a ratio of sums is what its samples scatter by", () => {
    // Repeated draws of 50 samples whose parts are 0.8 of their wholes, or nothing.
    const values: number[] = [];
    const errors: number[] = [];
    let state = 1;
    const uniform = () => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return state / 2147483648;
    };
    for (let draw = 0; draw < 400; draw++) {
      const tally = new RatioTally({ better: "higher" });
      for (let i = 0; i < 50; i++) {
        const whole = 1 + 9 * uniform();
        tally.add({ part: uniform() < 0.7 ? whole : 0.2 * whole, whole });
      }
      values.push(tally.value);
      errors.push(tally.standardError);
    }
    const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
    const deviation = Math.sqrt(mean(values.map((x) => (x - mean(values)) ** 2)));
    expect(mean(errors) / deviation).toBeGreaterThan(0.85);
    expect(mean(errors) / deviation).toBeLessThan(1.15);
  });
});
