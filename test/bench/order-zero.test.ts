import { describe, expect, it } from "vitest";
import { orderZero } from "../../bench/order-zero.ts";

describe("the order-0 entropy", () => {
  it("counts a bit for each place where half are zero, and two for each of four values that are as likely", () => {
    const elements = Float32Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? 0 : 0.5 + ((i >> 1) % 4)));
    expect(orderZero(elements)).toEqual({ positions: 64 / 8, codes: (32 * 2) / 8 });
  });

  it("is that of Shannon where some are likelier", () => {
    // 12 of 16 are zero; of the other four, three are the same.
    const elements = new Float32Array(16);
    elements.set([1, 1, -2, 1], 3);
    const { positions, codes } = orderZero(elements);
    expect(8 * positions).toBeCloseTo(12 * Math.log2(16 / 12) + 4 * Math.log2(4), 10);
    expect(8 * codes).toBeCloseTo(3 * Math.log2(4 / 3) + Math.log2(4), 10);
  });

  it("is nothing where there is nothing to tell", () => {
    expect(orderZero(new Float32Array(10))).toEqual({ positions: 0, codes: 0 });
    expect(orderZero(new Float32Array(10).fill(3))).toEqual({ positions: 0, codes: 0 });
  });
});
