import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../../src/engine/node.ts";
import { random } from "../../../src/random.ts";
import { workspace } from "../../../src/reconstruction/kernels/kernels.ts";
import { LeastSquares } from "../../../src/reconstruction/least-squares.ts";
import { refit } from "../../../src/sharing/reconstruction/refit.ts";
import { allPivots, decide } from "../../../src/sharing/reconstruction/row-jobs.ts";
import { type Chain, Rows } from "../../../src/sharing/reconstruction/rows.ts";

const engine = nodeEngine({ threads: 1 });
const shape = { groups: 2, rows: 3, columns: 7 };
const { groups, columns } = shape;
/** The last column is a bias. */
const fixed = 1;
const count = groups * shape.rows;
const total = count * (columns - fixed);

/** A layer with some connections cut, whose inputs have much in common. */
async function layer() {
  const { normal } = random(3, "layer");
  const second = new Float32Array(groups * columns * columns);
  for (let g = 0; g < groups; g++) {
    for (let sample = 0; sample < 50; sample++) {
      const common = normal();
      const x = Array.from({ length: columns }, (_, j) => (j === columns - 1 ? 1 : normal() * (j + 1) * 0.2 + common));
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j < columns; j++) second[(g * columns + i) * columns + j] += (x[i] * x[j]) / 50;
      }
    }
  }
  const weights = Float32Array.from({ length: count * columns }, (_, i) => (i % 5 === 2 ? 0 : normal()));
  for (let i = columns - 1; i < weights.length; i += columns) weights[i] = normal();
  const mask = Uint8Array.from(weights, (w) => (w === 0 ? 0 : 1));
  const squares = await LeastSquares.create(engine, shape, { columns, second, cross: second }, weights);
  const { diagonal } = squares;
  const rows = new Rows({ shape, second: squares.second, diagonal, mask, fixed, from: 0, to: count });
  return { weights, squares, rows, mask };
}

/** The chain of a row. */
function chainOf(rows: Rows, row: number): Chain {
  const order = rows.columns(row);
  const bench = workspace();
  const [triangle] = bench.arrays(order.length ** 2);
  rows.factor(row, triangle, bench);
  return { columns: order, triangle: triangle.slice() };
}

/** Values from -2 to 2 by halves, zero among them. */
const entries = Array.from({ length: 9 }, (_, i) => ({ value: (i - 4) / 2, count: 1, mass: 0 }));

/** The error of a row, e' H e, with the bias where it is least: that of R' e without its last element. */
function errorOf(rows: Rows, wanted: Float32Array, value: (row: number, k: number, at: number) => number): number {
  let error = 0;
  let at = 0;
  for (let row = 0; row < rows.count; row++) {
    const { columns: order, triangle } = chainOf(rows, row);
    const n = order.length;
    const e: number[] = [];
    for (let k = 0; k < n - fixed; k++) e.push(wanted[row * columns + order[k]] - value(row, k, at++));
    for (let k = 0; k < n - fixed; k++) {
      let element = 0;
      for (let j = 0; j <= k; j++) element += triangle[j * n + k] * e[j];
      error += element ** 2;
    }
  }
  return error;
}

describe("rows as chains", () => {
  it("are triangles R with R R' = E[x x'] of their connections, those with the largest inputs first", async () => {
    const { rows, squares, mask } = await layer();
    for (let row = 0; row < count; row++) {
      const group = Math.floor(row / shape.rows);
      const { columns: order, triangle } = chainOf(rows, row);
      const n = order.length;
      const live = [...mask.subarray(row * columns, (row + 1) * columns).keys()].filter((j) => mask[row * columns + j]);
      expect([...order].sort()).toEqual(live);
      expect(order[n - 1]).toBe(columns - 1);
      const sizes = [...order.subarray(0, -1)].map((j) => squares.diagonal[group * columns + j]);
      expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let k = 0; k < n; k++) sum += triangle[i * n + k] * triangle[j * n + k];
          expect(sum).toBeCloseTo(squares.second[(group * columns + order[i]) * columns + order[j]], 4);
          if (j < i) expect(triangle[i * n + j]).toBe(0);
        }
      }
    }
    await squares.release();
  });

  it("have the squares of their pivots in one list", async () => {
    const { rows, squares } = await layer();
    const chains = Array.from({ length: count }, (_, row) => chainOf(rows, row));
    const expected = chains.flatMap(({ columns: { length: n }, triangle }) =>
      Array.from({ length: n }, (_, k) => Math.fround(triangle[k * n + k] ** 2)),
    );
    expect([...(await allPivots(rows)).squares]).toEqual(expected);
    await squares.release();
  });

  it("are solved for the weights of least error", async () => {
    const { rows, weights, squares, mask } = await layer();
    const { wanted } = await allPivots(rows, squares.target);
    const iterated = await squares.fit(mask, weights.slice(), 100);
    expect(wanted).toHaveLength(iterated.length);
    for (const [i, w] of iterated.entries()) expect(wanted?.[i]).toBeCloseTo(w, 4);
    await squares.release();
  });

  it("make up for errors: less is left than where each weight takes its nearest value", async () => {
    const { rows, weights, squares } = await layer();
    const { codes } = await decide(rows, weights, entries, 0);
    const nearest = (w: number) => Math.min(2, Math.max(-2, Math.round(2 * w) / 2));
    const alone = errorOf(rows, weights, (row, k) => nearest(weights[row * columns + chainOf(rows, row).columns[k]]));
    const together = errorOf(rows, weights, (_, __, at) => entries[codes[at]].value);
    expect(together).toBeLessThan(0.8 * alone);
    await squares.release();
  });

  it("count their codes, cut connections among the zeros", async () => {
    const { rows, weights, squares, mask } = await layer();
    const { codes, entries: counted } = await decide(rows, weights, entries, 0);
    const live = mask.reduce((sum, kept) => sum + kept, 0) - fixed * count;
    expect(codes).toHaveLength(live);
    const tally = entries.map((_, code) => codes.filter((own) => own === code).length);
    tally[4] += total - live;
    expect(counted.map(({ count }) => count)).toEqual(tally);
    await squares.release();
  });

  it("take cheaper values where bits cost more", async () => {
    const { rows, weights, squares } = await layer();
    const uneven = entries.map((entry) => ({ ...entry, count: entry.value === 0 ? total : 1 }));
    const codesAt = async (lambda: number) => (await decide(rows, weights, uneven, lambda)).codes;
    const zerosAt = async (lambda: number) =>
      (await codesAt(lambda)).filter((code) => entries[code].value === 0).length;
    expect(await zerosAt(0.1)).toBeGreaterThan(await zerosAt(0));
    expect(await zerosAt(1e6)).toBe((await codesAt(0)).length);
    await squares.release();
  });
});

describe("values refitted", () => {
  it("are where the error no longer falls in any direction, and zero stays", async () => {
    const { rows, weights, squares } = await layer();
    const decided = await decide(rows, weights, entries, 0);
    const found = refit(decided);
    const at = (values: readonly number[]) => errorOf(rows, weights, (_, __, i) => values[decided.codes[i]]);
    const values = found.map(({ value }) => value);
    const least = at(values);
    expect(least).toBeLessThan(at(entries.map(({ value }) => value)));
    expect(values[4]).toBe(0);
    for (const [code, { count }] of decided.entries.entries()) {
      if (code === 4) continue;
      if (count === 0) expect(values[code]).toBe(entries[code].value);
      // The values are held a little where they were.
      else for (const step of [-0.05, 0.05]) expect(at(values.with(code, values[code] + step))).toBeGreaterThan(least);
    }
    await squares.release();
  });
});
