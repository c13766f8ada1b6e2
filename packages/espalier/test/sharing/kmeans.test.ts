import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float32 } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { initializations } from "../../src/sharing/initialize.ts";
import { centroidsOf, type Init, kMeans } from "../../src/sharing/kmeans.ts";
import { lloyd } from "../../src/sharing/lloyd.ts";
import { optimalCentroids } from "../../src/sharing/optimal.ts";
import { countCodes, denseOf } from "../../src/sharing/shared.ts";
import { countUpTo, distinctValues, sortedValues } from "../../src/sharing/sorted.ts";

const INITS: readonly Init[] = ["linear", "density", "random", "optimal"];
const weight = fc.float({ noNaN: true, min: -100, max: 100 });
const weights = fc.array(weight, { minLength: 1, maxLength: 60 }).map((list) => Float32Array.from(list));

function squaredError(data: Float32Array, centroids: ArrayLike<number>): number {
  return data.reduce((sum, w) => sum + Math.min(...Array.from(centroids, (c) => (w - c) ** 2)), 0);
}

/** The least squared error of any division of the sorted values into `count` stretches, by trying all. */
function leastError(sorted: number[], count: number): number {
  if (count === 1) {
    const mean = sorted.reduce((sum, v) => sum + v, 0) / Math.max(1, sorted.length);
    return sorted.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  }
  let best = Number.POSITIVE_INFINITY;
  for (let cut = 0; cut <= sorted.length; cut++) {
    best = Math.min(best, leastError(sorted.slice(0, cut), count - 1) + leastError(sorted.slice(cut), 1));
  }
  return best;
}

describe("sorted values", () => {
  it("are those of the array's own sort, with their running sums", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(weight, fc.float({ noNaN: true })), { maxLength: 300 }), (list) => {
        const given = Float32Array.from(list);
        const { values, sums } = sortedValues(given);
        expect(values).toEqual(given.slice().sort());
        expect(given).toEqual(Float32Array.from(list));
        const sum = list.reduce((all, v) => all + v, 0);
        const size = list.reduce((all, v) => all + Math.abs(v), 0);
        if (Number.isFinite(size)) expect(Math.abs(sums[list.length] - sum)).toBeLessThanOrEqual(1e-9 * size);
      }),
    );
  });

  it("are counted and told apart", () => {
    const values = Float32Array.of(-2, -2, 0.5, 1, 1, 1);
    expect([-3, -2, 0, 0.5, 1, 5].map((limit) => countUpTo(values, limit))).toEqual([0, 2, 2, 3, 6, 6]);
    expect(distinctValues(values, 3)).toEqual(Float32Array.of(-2, 0.5, 1));
    expect(distinctValues(values, 2)).toBeUndefined();
  });
});

describe("initializations", () => {
  const sorted = sortedValues(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 100));

  it("spread over the range, over the weights, or fall on weights", () => {
    const { below } = random(1, "test");
    const stream = { ...random(1, "test"), below };
    expect([...initializations.linear(sorted, 5, stream)]).toEqual([0, 25, 50, 75, 100]);
    expect([...initializations.linear(sorted, 1, stream)]).toEqual([50]);
    expect([...initializations.density(sorted, 5, stream)]).toEqual([1, 3, 5, 7, 100]);
    const drawn = [...initializations.random(sorted, 4, stream)];
    expect(drawn).toEqual([...drawn].sort((a, b) => a - b));
    for (const centroid of drawn) expect(sorted.values).toContain(centroid);
  });
});

describe("Lloyd's algorithm", () => {
  it("ends where every centroid is the mean of the weights that are nearest to it", () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 6 }), fc.nat(), (data, count, seed) => {
        const sorted = sortedValues(data);
        const centroids = lloyd(sorted, initializations.random(sorted, count, random(seed, "test")));
        centroids.forEach((centroid, i) => {
          const low = i === 0 ? Number.NEGATIVE_INFINITY : (centroids[i - 1] + centroid) / 2;
          const high = i + 1 === count ? Number.POSITIVE_INFINITY : (centroid + centroids[i + 1]) / 2;
          const own = data.filter((w) => w > low && w <= high);
          if (own.length > 0) expect(centroid).toBeCloseTo(own.reduce((sum, w) => sum + w, 0) / own.length, 4);
        });
      }),
    );
  });

  it("finds clusters that lie apart", () => {
    const data = Float32Array.from({ length: 90 }, (_, i) => (i % 3) * 10 + (i % 7) * 0.01);
    const centroids = lloyd(sortedValues(data), Float64Array.of(0, 10, 20));
    for (const [i, centroid] of centroids.entries()) expect(centroid).toBeCloseTo(10 * i + 0.03, 2);
  });
});

describe("the optimal centroids", () => {
  it("have the least squared error there is", () => {
    const few = fc.array(weight, { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(few, fc.integer({ min: 1, max: 4 }), (list, count) => {
        const data = Float32Array.from(list);
        const found = squaredError(data, optimalCentroids(sortedValues(data), count));
        const least = leastError(
          [...data].sort((a, b) => a - b),
          count,
        );
        expect(found).toBeLessThanOrEqual(least + 1e-6 * (1 + least));
      }),
      { numRuns: 200 },
    );
  });

  it("are no worse than Lloyd's from any beginning", () => {
    const { normal } = random(3, "test");
    const data = Float32Array.from({ length: 100_000 }, normal);
    const error = (init: Init) => {
      const tensor = float32([data.length], data);
      const shared = denseOf(kMeans(tensor, { bits: 4, init, random: random(1, "k") })).data;
      return data.reduce((sum, w, i) => sum + (w - shared[i]) ** 2, 0);
    };
    for (const init of INITS) expect(error("optimal")).toBeLessThanOrEqual(1.0001 * error(init));
  });
});

describe("k-means sharing", () => {
  it.each(INITS)("%s: leaves at most 2^bits values, each weight at the nearest, zeros exactly zero", (init) => {
    const sparse = fc.array(fc.oneof(weight, fc.constant(0), fc.constant(-0)), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(sparse, fc.integer({ min: 1, max: 4 }), (list, bits) => {
        const tensor = float32([list.length], Float32Array.from(list));
        const shared = kMeans(tensor, { bits, init, random: random(1, "k") });
        expect(shared.values.length).toBeLessThanOrEqual(2 ** bits);
        expect(Math.min(...countCodes(shared))).toBeGreaterThan(0);
        const dense = denseOf(shared).data;
        list.forEach((_, i) => {
          const w = tensor.data[i];
          if (w === 0) expect(Object.is(dense[i], 0)).toBe(true);
          else {
            const live = shared.values.filter((v) => v !== 0);
            const nearest = Math.min(...Array.from(live, (v) => Math.abs(w - v)));
            if (dense[i] !== 0) expect(Math.abs(w - dense[i])).toBeLessThanOrEqual(nearest * (1 + 1e-5) + 1e-6);
          }
        });
      }),
    );
  });

  it("changes nothing where there are few values already", () => {
    const data = Float32Array.from({ length: 500 }, (_, i) => [0, 0.25, -3, 7, 1e-20][i % 5]);
    for (const init of INITS) {
      const shared = kMeans(float32([500], data), { bits: 3, init, random: random(1, "k") });
      expect(denseOf(shared).data).toEqual(data);
      expect([...shared.values]).toEqual([-3, 0, 1e-20, 0.25, 7].map(Math.fround));
    }
  });

  it("reaches farther out from the linear initialization than from the others", () => {
    const { normal } = random(1, "test");
    const data = Float32Array.from({ length: 20_000 }, () => normal() ** 3);
    const largest = (init: Init) => Math.max(...centroidsOf(data, 16, { init, random: random(1, "k") }));
    expect(largest("linear")).toBeGreaterThan(1.1 * largest("density"));
    expect(largest("linear")).toBeGreaterThan(1.1 * largest("random"));
  });
});
