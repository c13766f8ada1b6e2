import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../../espalier/src/random.ts";
// @ts-expect-error: a script of the build, without types
import { compiled, compiledCodes, compiledModule, compiledToShare } from "../scripts/kernels.mjs";
import { ACTIVATION, PAIRWISE } from "../src/kernels/kernels.ts";
import { type Machine, machine, sharing } from "../src/kernels/machine.ts";
import { padded } from "../src/network/forms.ts";
import { Matrix, type Use } from "../src/network/matrix.ts";
import { type Elements, elementsOf } from "../src/network/matrix-elements.ts";

const uses = fc.constantFrom<readonly Use[]>([], ["matrix"], ["sparse-vector", "matrix"]);

const kinds = ["simd", "plain"] as const;

const PAIRS: readonly [keyof typeof PAIRWISE, (a: number, b: number) => number][] = [
  ["add", (a, b) => a + b],
  ["subtract", (a, b) => a - b],
  ["multiply", (a, b) => a * b],
  ["divide", (a, b) => a / b],
  ["maximum", Math.max],
  ["minimum", Math.min],
];

const ACTIVATIONS: readonly [keyof typeof ACTIVATION, (x: number) => number, [p: number, q: number]][] = [
  ["clip", (x) => Math.min(Math.max(x, -1), 6), [-1, 6]],
  ["leaky", (x) => (x < 0 ? Math.fround(0.1) * x : x), [0.1, 0]],
  ["hardSigmoid", (x) => Math.min(Math.max(0.25 * x + 0.5, 0), 1), [0.25, 0.5]],
  ["hardSwish", (x) => x * Math.min(Math.max(0.25 * x + 0.5, 0), 1), [0.25, 0.5]],
  ["exponential", Math.exp, [0, 0]],
  ["sigmoid", (x) => 1 / (1 + Math.exp(-x)), [0, 0]],
  ["tanh", Math.tanh, [0, 0]],
];

interface Drawn {
  readonly seed: number;
  readonly rows: number;
  readonly columns: number;
  readonly density: number;
  readonly order?: Elements["order"];
  readonly quick?: boolean;
}

/** A random matrix of a given density, whose elements come in an order and may be gone through twice or not, and what it gives for an input by plain sums. */
function layerCase({ seed, rows, columns, density, order = "rows", quick = true }: Drawn) {
  const { uniform, normal } = random(seed, "kernels");
  const weights = Float32Array.from({ length: rows * columns }, () => (uniform() < density ? normal() : 0));
  const bias = Float32Array.from({ length: rows }, normal);
  const turned = new Float32Array(weights.length).map((_, i) => weights[(i % rows) * columns + Math.floor(i / rows)]);
  const all = order === "rows" ? elementsOf(weights, { width: columns }) : elementsOf(turned, { width: rows, order });
  let times = 0;
  const elements: Elements = {
    ...all,
    // As many as one that is decoded may say too many.
    most: all.most + (quick ? 0 : 5),
    quick,
    each(visit) {
      if (++times > 1 && !quick) throw new Error("What is not quick is gone through twice.");
      all.each(visit);
    },
  };
  return {
    weights,
    bias: () => bias,
    elements,
    numbers: (count: number) => Float32Array.from({ length: count }, normal),
  };
}

function close(found: ArrayLike<number>, expected: ArrayLike<number>) {
  const most = Array.from(expected).reduce((a, b) => Math.max(a, Math.abs(b)), 1);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(found[i] - expected[i])).toBeLessThan(2e-6 * most);
}

const shape = fc.record({
  seed: fc.nat(1e6),
  rows: fc.integer({ min: 1, max: 21 }),
  columns: fc.integer({ min: 1, max: 70 }),
  density: fc.constantFrom(0, 0.05, 0.3, 0.6, 1),
  floor: fc.constantFrom(0, Number.NEGATIVE_INFINITY),
  // So much that a column reads that a matrix of dozens is cut into strips, or so little that it is not.
  reach: fc.constantFrom(4, 3000),
  order: fc.constantFrom("rows" as const, "columns" as const),
  quick: fc.boolean(),
});

describe.each(kinds)("%s kernels", (kind) => {
  it("multiply a vector in every form as plain sums do", async () => {
    const on = await machine({ kernels: kind });
    fc.assert(
      fc.property(shape, uses, fc.constantFrom<Use>("vector", "sparse-vector"), (given, before, use) => {
        const { rows, columns, floor, reach } = given;
        const { weights, bias, elements, numbers } = layerCase(given);
        const x = numbers(columns).map((value) => Math.max(value, 0));
        const layer = new Matrix(on, rows, columns, elements, bias);
        // Whatever the form was before, it is the same matrix.
        for (const first of [...before, use]) layer.prepare(first, reach);
        const [input, output] = [place(on, x, padded(columns)), on.heap.allocate(4 * padded(rows))];
        layer.multiply(input, output, floor);
        const expected = Array.from(bias(), (b, row) =>
          Math.max(
            floor,
            x.reduce((sum, value, column) => sum + weights[row * columns + column] * value, b),
          ),
        );
        close(on.heap.floats(output, rows), expected);
      }),
      { numRuns: 60 },
    );
  });

  it("correlate in every form as plain sums do, without a step past what is theirs", async () => {
    const on = await machine({ kernels: kind });
    const lengths = fc.integer({ min: 1, max: 24 }).map((n) => 4 * n);
    fc.assert(
      fc.property(shape, lengths, (given, length) => {
        const { rows, columns, floor, reach } = given;
        const { weights, bias, elements, numbers } = layerCase(given);
        const layer = new Matrix(on, rows, columns, elements, bias);
        layer.prepare("vector");
        layer.prepare("matrix", reach);
        const starts = Array.from({ length: columns }, (_, column) => (column * 7) % 50);
        const x = numbers(50 + length);
        const input = place(on, x, x.length);
        const offsets = on.heap.allocate(4 * columns);
        on.heap.int32s(offsets, columns).set(starts.map((start) => 4 * start));
        const size = layer.written * length;
        const output = place(on, new Float32Array(size + 4).fill(9), size + 4);
        layer.correlate(offsets, input, output, length, floor);
        const expected = Array.from({ length: rows * length }, (_, i) => {
          const [row, p] = [Math.floor(i / length), i % length];
          const sum = starts.reduce(
            (s, start, column) => s + weights[row * columns + column] * x[start + p],
            bias()[row],
          );
          return Math.max(floor, sum);
        });
        close(on.heap.floats(output, rows * length), expected);
        expect([...on.heap.floats(output + 4 * size, 4)]).toEqual([9, 9, 9, 9]);
      }),
      { numRuns: 60 },
    );
  });

  it("join pairs of numbers in rows, each stretched or not, without a step past what is theirs", async () => {
    const on = await machine({ kernels: kind });
    const given = fc.record({
      operation: fc.constantFrom(...PAIRS),
      rows: fc.integer({ min: 1, max: 4 }),
      length: fc.integer({ min: 1, max: 21 }),
      steps: fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(0, 1)),
      pitches: fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })),
      seed: fc.nat(1e6),
    });
    fc.assert(
      fc.property(given, ({ operation: [name, f], rows, length, steps, pitches, seed }) => {
        const { normal } = random(seed, "pairs");
        const sizes = steps.map((step, i) => (rows - 1) * pitches[i] + (step ? length : 1));
        const [a, b] = sizes.map((size) => Float32Array.from({ length: size }, normal));
        const [left, right] = [a, b].map((numbers) => place(on, numbers, numbers.length));
        const size = rows * length;
        const output = place(on, new Float32Array(size + 4).fill(9), size + 4);
        const [aRow, bRow] = pitches.map((pitch) => 4 * pitch);
        on.kernels.pairwise(PAIRWISE[name], rows, length, left, aRow, 4 * steps[0], right, bRow, 4 * steps[1], output);
        const at = (i: number, side: 0 | 1) => Math.floor(i / length) * pitches[side] + (i % length) * steps[side];
        const expected = Float32Array.from({ length: size }, (_, i) => f(a[at(i, 0)], b[at(i, 1)]));
        expect(on.heap.floats(output, size)).toEqual(expected);
        expect([...on.heap.floats(output + 4 * size, 4)]).toEqual([9, 9, 9, 9]);
      }),
      { numRuns: 120 },
    );
  });

  it.each(ACTIVATIONS)("compute %s of numbers of every size", async (name, f, [p, q]) => {
    const on = await machine({ kernels: kind });
    const { normal, uniform } = random(1, "activations");
    const special = [0, -0, 88.5, -88.5, 103, -103, 1e30, -1e30, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const x = Float32Array.from([
      ...special,
      ...Array.from({ length: 997 }, () => normal() * 10 ** (4 * uniform() - 3)),
    ]);
    const output = place(on, new Float32Array(x.length + 4).fill(9), x.length + 4);
    on.kernels.activate(ACTIVATION[name], x.length, place(on, x, x.length), output, p, q);
    const found = on.heap.floats(output, x.length);
    for (const [i, number] of x.entries()) {
      const right = Math.fround(f(number));
      // By the number's own size: also near zero nothing is lost.
      const same = Object.is(found[i], right) || found[i] === right;
      const apart = same ? 0 : Math.abs(found[i] - right) / Math.max(Math.abs(right), 2 ** -126);
      expect(apart, `${name}(${number}): ${found[i]} for ${right}`).toBeLessThan(1e-6);
    }
    expect([...on.heap.floats(output + 4 * x.length, 4)]).toEqual([9, 9, 9, 9]);
    const none = place(on, Float32Array.of(Number.NaN), 4);
    on.kernels.activate(ACTIVATION[name], 1, none, none, p, q);
    expect(on.heap.floats(none, 1)[0]).toBeNaN();
  });

  it("change the form of a single row that ends where memory does", async () => {
    const on = await machine({ kernels: kind });
    // More than memory grows by at once, so that it ends behind the row.
    const { elements, weights } = layerCase({ seed: 1, rows: 1, columns: 40_000, density: 1 });
    const layer = new Matrix(on, 1, 40_000, elements);
    layer.prepare("vector");
    layer.prepare("matrix");
    layer.prepare("vector");
    const x = new Float32Array(40_000);
    x[39_999] = 1;
    const output = on.heap.allocate(16);
    layer.multiply(place(on, x, x.length), output, Number.NEGATIVE_INFINITY);
    expect(on.heap.floats(output, 1)[0]).toBe(weights[39_999]);
  });

  it("reach all inputs of a layer that has more than 65,536", async () => {
    const on = await machine({ kernels: kind });
    const columns = 70_001;
    const weights = new Float32Array(columns);
    weights[3] = 2;
    weights[70_000] = 5;
    const layer = new Matrix(on, 1, columns, elementsOf(weights, { width: columns }));
    const x = new Float32Array(columns).map((_, i) => i);
    const output = on.heap.allocate(16);
    layer.prepare("vector");
    layer.multiply(place(on, x, padded(columns)), output, Number.NEGATIVE_INFINITY);
    expect(on.heap.floats(output, 1)[0]).toBe(350_006);
  });
});

describe("the heap", () => {
  it("gives every allocation room of its own, and takes all of it back", async () => {
    const { heap } = await machine({ kernels: "plain" });
    const actions = fc.array(fc.tuple(fc.boolean(), fc.nat(5000)), { maxLength: 80 });
    fc.assert(
      fc.property(actions, (steps) => {
        const held: [number, number][] = [];
        for (const [release, size] of steps) {
          if (release && held.length > 0) heap.release(held.splice(size % held.length, 1)[0][0]);
          else held.push([heap.allocate(size), size]);
        }
        held.sort(([a], [b]) => a - b);
        for (let i = 1; i < held.length; i++) expect(held[i - 1][0] + held[i - 1][1]).toBeLessThanOrEqual(held[i][0]);
        for (const [at] of held) heap.release(at);
        expect(heap.used()).toBe(0);
      }),
    );
  });
});

it("the compiled kernels are those of the sources", async () => {
  expect(readFileSync(new URL("../src/kernels/wasm.ts", import.meta.url), "utf8")).toBe(await compiled());
  expect(readFileSync(new URL("../src/kernels/wasm-codes.ts", import.meta.url), "utf8")).toBe(await compiledCodes());
  const module = readFileSync(new URL("../kernels.wasm", import.meta.url));
  expect(module).toEqual(Buffer.from(await compiledModule()));
  expect(Buffer.from(sharing(Uint8Array.from(module)))).toEqual(Buffer.from(await compiledToShare()));
});

function place({ heap }: Machine, numbers: Float32Array, room: number): number {
  const at = heap.allocate(4 * room);
  const target = heap.floats(at, room).fill(0);
  target.set(numbers);
  return at;
}
