import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
// @ts-expect-error: a script of the build, without types
import { compiled } from "../../../scripts/kernels.mjs";
import { random } from "../../../src/random.ts";
import { Workspace } from "../../../src/reconstruction/kernels/kernels.ts";

const kinds = ["simd", "plain"] as const;

/** X X' + a ridge, of n random rows; what lies below the diagonal is not to be read. */
function moments(n: number): Float64Array {
  const { normal } = random(n, "moments");
  const x = Array.from({ length: n }, () => Array.from({ length: n + 5 }, normal));
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    if (j < i) return Number.NaN;
    return x[i].reduce((sum, value, k) => sum + value * x[j][k], i === j ? 0.1 : 0);
  });
}

function factored(kind: (typeof kinds)[number], given: Float64Array, n: number): Float64Array {
  const space = new Workspace(kind);
  const [matrix] = space.arrays(n * n);
  matrix.set(given);
  space.kernels.factor(n, matrix.byteOffset, 1e-12);
  return matrix.slice();
}

describe.each(kinds)("%s kernels of fitting", (kind) => {
  it.each([1, 2, 3, 4, 5, 63, 64, 65, 67, 70, 130, 195])("factor matrices of %d rows", (n) => {
    const given = moments(n);
    const r = factored(kind, given, n);
    let most = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = j; k < n; k++) sum += r[i * n + k] * r[j * n + k];
        most = Math.max(most, Math.abs(j < i ? r[i * n + j] : sum - given[i * n + j]));
      }
    }
    expect(most).toBeLessThan(1e-11 * n);
  });

  it("factor what is not positive by the least pivot", () => {
    expect([...factored(kind, Float64Array.of(1, 1, 1, 1), 2)]).toEqual([1e-6, 1, 0, 1]);
  });

  it("add multiples", () => {
    const space = new Workspace(kind);
    for (const count of [0, 1, 2, 3, 8, 9]) {
      const [x, y] = space.arrays(count + 1, count + 1);
      for (let i = 0; i <= count; i++) [x[i], y[i]] = [i + 1, 10 * i];
      space.kernels.addScaled(count, 0.5, x.byteOffset, y.byteOffset);
      expect([...y]).toEqual([...y.keys()].map((i) => 10 * i + (i < count ? (i + 1) / 2 : 0)));
    }
  });

  it("add what rows have in common to the upper half", () => {
    const [rows, pitch] = [7, 6];
    const space = new Workspace(kind);
    const [s, g] = space.arrays(rows * pitch, rows * rows);
    for (const i of s.keys()) s[i] = (i * 7) % 11;
    g.fill(1);
    space.kernels.gram(rows, pitch, s.byteOffset, g.byteOffset);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < rows; j++) {
        let sum = 1;
        for (let k = 0; k < pitch && j >= i; k++) sum += s[i * pitch + k] * s[j * pitch + k];
        expect(g[i * rows + j]).toBe(sum);
      }
    }
  });
});

describe("kernels of fitting", () => {
  it("are the same to the last bit without SIMD", () => {
    for (const n of [5, 63, 64, 67, 130, 195]) {
      const given = moments(n);
      expect(factored("simd", given, n)).toEqual(factored("plain", given, n));
    }
    const grams = kinds.map((kind) => {
      const space = new Workspace(kind);
      const [s, g] = space.arrays(9 * 14, 81);
      s.set(Float64Array.from({ length: s.length }, (_, i) => Math.sin(i) / 3));
      g.fill(0);
      space.kernels.gram(9, 14, s.byteOffset, g.byteOffset);
      return g.slice();
    });
    expect(grams[0]).toEqual(grams[1]);
  });

  it("are what the sources compile to: else `npm run kernels`", async () => {
    const file = new URL("../../../src/reconstruction/kernels/wasm.ts", import.meta.url);
    expect(readFileSync(file, "utf8")).toBe(await compiled());
  });
});
