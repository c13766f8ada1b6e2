import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float32 } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { entropyConstrained } from "../../src/sharing/entropy.ts";
import { kMeans } from "../../src/sharing/kmeans.ts";
import { mergeValues } from "../../src/sharing/merge.ts";
import { type MethodName, methods } from "../../src/sharing/methods.ts";
import { countCodes, denseOf, inOrder, type SharedTensor, zeroCode } from "../../src/sharing/shared.ts";
import { uniform } from "../../src/sharing/uniform.ts";

const stream = random(1, "test");
const normals = (count: number, scale = 1) => Float32Array.from({ length: count }, () => scale * stream.normal());

/** Bits of all elements by their own frequencies, and the squared error. */
function rateAndError(data: Float32Array, shared: SharedTensor) {
  const counts = [...countCodes(shared)];
  const bits = counts.reduce((sum, count) => sum - (count && count * Math.log2(count / data.length)), 0);
  const dense = denseOf(shared).data;
  return { bits, error: data.reduce((sum, w, i) => sum + (w - dense[i]) ** 2, 0) };
}

describe("every method", () => {
  const anything = fc.array(fc.float({ noNaN: true, min: -50, max: 50 }), { minLength: 1, maxLength: 50 });

  it.each(Object.keys(methods) as MethodName[])("%s: keeps zeros, and to at most 2^bits values in order", (name) => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 2, max: 8 }), fc.boolean(), (list, bits, flat) => {
        const data = Float32Array.from(list, (w, i) => (i % 3 === 0 ? 0 : w));
        const dims = flat ? [data.length] : [1, data.length];
        const shared = methods[name](float32(dims, data), { bits, random: random(1, "k") });
        expect(shared.dims).toEqual(dims);
        expect(shared.values.length).toBeLessThanOrEqual(2 ** bits);
        expect(shared.values).toEqual(shared.values.slice().sort());
        expect(new Set(shared.values).size).toBe(shared.values.length);
        expect(Math.min(...countCodes(shared))).toBeGreaterThan(0);
        const dense = denseOf(shared).data;
        for (let i = 0; i < data.length; i += 3) expect(Object.is(dense[i], 0)).toBe(true);
      }),
    );
  });
});

describe("uniform", () => {
  it("makes every weight the nearest multiple of one step", () => {
    const data = normals(3000);
    const shared = uniform(float32([3000], data), { bits: 6 });
    const { step = 0 } = shared;
    expect(step).toBeGreaterThan(0);
    const dense = denseOf(shared).data;
    data.forEach((w, i) => {
      expect(dense[i]).toBe(Math.fround(Math.round(dense[i] / step) * step));
      if (Math.abs(w) < 31 * step) expect(Math.abs(dense[i] - w)).toBeLessThanOrEqual(step * 0.5001);
    });
  });

  it("clips the largest where bits are few: the squared error is less than with all in range", () => {
    const data = normals(20_000);
    const largest = Math.max(...data.map(Math.abs));
    const { error } = rateAndError(data, uniform(float32([data.length], data), { bits: 3 }));
    const whole = data.reduce((sum, w) => sum + (w - (Math.round(w / (largest / 3)) * largest) / 3) ** 2, 0);
    expect(error).toBeLessThan(0.7 * whole);
  });

  it("leaves a layer that is all zero as it is, and refuses 1 bit", () => {
    expect(denseOf(uniform(float32([3]), { bits: 4 })).data).toEqual(new Float32Array(3));
    expect(() => uniform(float32([3]), { bits: 1 })).toThrow(/2 bits or more/);
  });
});

describe("entropy-constrained quantization", () => {
  const data = normals(20_000).map((w, i) => (i % 4 === 0 ? w : 0));
  const tensor = float32([200, 100], data);
  const share = (lambda: number, importance?: Float32Array) =>
    entropyConstrained(tensor, { bits: 5, init: "linear", random: random(1, "k"), lambda, importance });

  it("costs less, in error plus lambda times bits, than k-means of any number of bits", () => {
    for (const lambda of [0.003, 0.02, 0.1]) {
      const cost = (shared: SharedTensor) => {
        const { bits, error } = rateAndError(data, shared);
        return error + lambda * (bits + 32 * shared.values.length);
      };
      const own = cost(share(lambda));
      for (const bits of [2, 3, 4, 5, 6]) {
        expect(own).toBeLessThan(cost(kMeans(tensor, { bits, init: "linear", random: random(1, "k") })));
      }
    }
  });

  it("spends fewer bits and makes more error the dearer a bit is, and cuts small weights", () => {
    const found = [0.001, 0.01, 0.1, 0.5].map((lambda) => share(lambda));
    const rates = found.map((shared) => rateAndError(data, shared));
    for (let i = 1; i < rates.length; i++) {
      expect(rates[i].bits).toBeLessThan(rates[i - 1].bits);
      expect(rates[i].error).toBeGreaterThan(rates[i - 1].error);
    }
    const dense = denseOf(found[2]).data;
    const cut = data.filter((w, i) => w !== 0 && dense[i] === 0);
    const kept = data.filter((_, i) => dense[i] !== 0);
    expect(cut.length).toBeGreaterThan(100);
    expect(Math.max(...cut.map(Math.abs))).toBeLessThan(Math.min(...kept.map(Math.abs)) + 0.2);
  });

  it("keeps what is important nearer to its value", () => {
    const importance = Float32Array.from(data, (_, i) => (i % 8 === 0 ? 1.9 : 0.1));
    const dense = denseOf(share(0.05, importance)).data;
    const error = (of: number) => data.reduce((sum, w, i) => sum + (i % 8 === of ? (w - dense[i]) ** 2 : 0), 0);
    expect(error(0)).toBeLessThan(0.5 * error(4));
  });

  it("takes the nearest value where bits cost nothing", () => {
    const free = share(0);
    const same = kMeans(tensor, { bits: 5, init: "linear", random: random(1, "k") });
    expect(rateAndError(data, free).error).toBeLessThanOrEqual(1.01 * rateAndError(data, same).error);
  });
});

describe("merging", () => {
  const entry = (value: number, count: number) => ({ value, count, mass: count });

  it("joins values that save less than their own bits, into their mean", () => {
    const merged = mergeValues([entry(-1, 50), entry(0, 800), entry(1, 100), entry(1.01, 50)], 1000, 0.001);
    expect(merged).toHaveLength(3);
    expect(merged[2].value).toBeCloseTo(1 + 0.01 / 3, 5);
    expect(merged[2]).toMatchObject({ count: 150, mass: 150 });
  });

  it("leaves values apart that are far apart, and makes zero of what is merged with zero", () => {
    const apart = [entry(-1, 50), entry(0, 800), entry(1, 150)];
    expect(mergeValues(apart, 1000, 0.001)).toEqual(apart);
    expect(mergeValues([entry(0, 999), entry(0.001, 1)], 1000, 0.001)).toEqual([entry(0, 1000)]);
  });
});

describe("a codebook in order", () => {
  it("is ascending, without unused and equal values; codes are those of the same elements", () => {
    const values = Float32Array.of(3, -0, 5, 3, -2, 0);
    const shared = inOrder({ dims: [6], values, codes: Uint8Array.of(0, 1, 3, 4, 5, 0) });
    expect([...shared.values]).toEqual([-2, 0, 3]);
    expect([...shared.codes]).toEqual([2, 1, 2, 0, 1, 2]);
    expect(zeroCode(shared)).toBe(1);
    expect(Object.is(shared.values[1], 0)).toBe(true);
  });
});
