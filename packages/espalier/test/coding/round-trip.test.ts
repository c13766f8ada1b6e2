import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { later } from "../../../runtime/src/codec/further.ts";
import { contentsOf, decode } from "../../../runtime/src/codec/whole.ts";
import { StreamDecoder } from "../../../runtime/src/loading/stream.ts";
import { encodeFile } from "../../src/coding/encode.ts";
import type { Method } from "../../src/coding/encode-tensor.ts";
import { concat } from "../../src/coding/split.ts";
import { field, graph, model, modelOf, type TensorFields, tensor } from "./messages.ts";

const modes: readonly Method[] = ["context", "static", "huffman"];

/** Encodes and decodes, at once and in pieces; the very bytes must come back. @returns how many tensors are coded */
function roundTrip(file: Uint8Array, piece = 7, within = modes): number {
  let tensors = 0;
  for (const mode of within) {
    const esp = encodeFile(file, { mode });
    expect(Buffer.compare(decode(esp), file), mode).toBe(0);
    const decoder = new StreamDecoder("drawn", () => later);
    for (let at = 0; at < esp.length; at += piece) decoder.push(esp.subarray(at, at + piece));
    expect(Buffer.compare(decoder.end(), file), mode).toBe(0);
    tensors = contentsOf(esp).tensors.length;
  }
  return tensors;
}

/** Bits of an element by TensorProto.DataType. */
const BITS = { 1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64 } as const;
const RARE = { 14: 64, 15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4 } as const;
const bitsOf = new Map(Object.entries({ ...BITS, ...RARE }).map(([type, bits]) => [Number(type), bits as number]));

const special = [0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f80beef];
const number = fc.integer({ min: 0, max: 0xffffffff });
/** What 32 bits are drawn from: anything, few values, special floats, numbers whose low bits are zero. */
const pools = fc.oneof(
  fc.constant<readonly number[] | undefined>(undefined),
  fc.array(number, { minLength: 1, maxLength: 20 }),
  fc.constant(special),
  fc.array(number, { minLength: 1, maxLength: 300 }).map((numbers) => numbers.map((each) => (each & ~0x3fff) >>> 0)),
);
const drawn = fc.record({
  type: fc.constantFrom(...bitsOf.keys()),
  dims: fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(0, 1, 5, 70)), { maxLength: 5 }),
  density: fc.constantFrom(0, 0.02, 0.3, 0.9, 1),
  pool: pools,
  seed: fc.integer(),
});

/** A tensor of what was drawn, of up to 6,000 elements. */
function tensorOf({ type, dims, density, pool, seed }: typeof drawn extends fc.Arbitrary<infer T> ? T : never) {
  const shape = dims.map((dim) => dim);
  const count = () => shape.reduce((product, dim) => product * dim, 1);
  while (count() > 6000) shape.pop();
  const words = new Uint32Array(Math.ceil((count() * (bitsOf.get(type) ?? 0)) / 32));
  let state = seed >>> 0;
  // Numerical Recipes' quick generator: a draw for each word would take fast-check long.
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  for (let i = 0; i < words.length; i++) {
    if (next() / 2 ** 32 >= density) continue;
    words[i] = pool ? pool[(next() >>> 8) % pool.length] : next();
  }
  const raw = new Uint8Array(words.buffer, 0, Math.ceil((count() * (bitsOf.get(type) ?? 0)) / 8));
  return { name: `tensor ${type}`, type, dims: shape, raw };
}

describe("what is compressed and decompressed is the same, bit for bit", () => {
  it("with tensors of any type, shape, density and values", () => {
    let coded = 0;
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 3 }), fc.integer({ min: 1, max: 3000 }), (tensors, piece) => {
        coded += roundTrip(modelOf(...tensors.map(tensorOf)), piece);
      }),
      { numRuns: 20 },
    );
    expect(coded).toBeGreaterThan(0);
  });

  it("with bytes that are not a model", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(roundTrip(bytes, 1, ["context"])).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it.each(["onnx/constants", "onnx/functions", "onnx/half", "pytorch/double", "pytorch/tied"])(
    "with %s, which others wrote",
    (name) => {
      // A Buffer within another, as the file system may give it: its slice() does not copy.
      const file = readFileSync(new URL(`../fixtures/${name}.onnx`, import.meta.url));
      const pooled = Buffer.concat([Buffer.alloc(3), file]).subarray(3);
      expect(roundTrip(pooled, 1000, ["context"])).toBeGreaterThan(0);
    },
  );

  const whole: TensorFields = { dims: [5, 5], raw: new Uint8Array(100).fill(63) };
  const padded = (bytes: Uint8Array) => concat([Uint8Array.of(0x80 + bytes.length, 0x80, 0x00), bytes]);
  let deep = graph(tensor(whole));
  for (let depth = 0; depth < 40; depth++) deep = graphOfBranch(deep);
  function graphOfBranch(branch: Uint8Array): Uint8Array {
    return field(1, field(5, concat([field(1, "then_branch"), field(6, branch)])));
  }

  it.each<[string, Uint8Array, number]>([
    ["a length in more bytes than it needs", model(concat([Uint8Array.of(0x2a), padded(tensor(whole))])), 0],
    [
      "a tag in more bytes than it needs",
      model(concat([Uint8Array.of(0xaa, 0x00, tensor(whole).length), tensor(whole)])),
      0,
    ],
    ["data twice", modelOf({ ...whole, name: "w" }, whole), 2],
    ["a tensor with data twice", model(graph(concat([tensor(whole), field(9, new Uint8Array(100))]))), 2],
    ["a tensor with data and none", model(graph(concat([tensor(whole), field(9, "")]))), 0],
    ["a tensor whose data are elsewhere and empty here", modelOf(whole, { dims: [3], raw: new Uint8Array(0) }), 0],
    ["texts whose raw data are empty", modelOf(whole, { type: 8, dims: [3], raw: new Uint8Array(0) }), 1],
    ["an unknown type whose raw data are empty", modelOf(whole, { type: 99, dims: [3], raw: new Uint8Array(0) }), 1],
    ["more data than the shape has", modelOf(whole, { dims: [5], raw: new Uint8Array(100) }), 1],
    ["less data than the shape has", modelOf(whole, { dims: [2 ** 40], raw: new Uint8Array(100) }), 1],
    ["a shape beyond numbers", modelOf(whole, { dims: new Array(30).fill(2 ** 62), raw: new Uint8Array(0) }), 1],
    ["graphs within graphs", model(deep), 0],
    ["a group, which ONNX has not", model(graph(tensor(whole)), Uint8Array.of(0x0b, 0x0c)), 0],
    ["fields that ONNX has not", model(graph(tensor(whole)), field(1000, "new"), field(999, 5)), 1],
    ["nothing", new Uint8Array(0), 0],
  ])("with %s", (_, file, tensors) => {
    expect(roundTrip(file, 7, ["huffman"])).toBe(tensors);
  });

  it("with so many zeros that the file must be padded", () => {
    const file = modelOf({ dims: [2 ** 12, 1030], raw: new Uint8Array(4 * 2 ** 12 * 1030) });
    const esp = encodeFile(file, { mode: "static" });
    expect(esp.length).toBeGreaterThanOrEqual(file.length / 1024);
    expect(esp.length).toBeLessThan(file.length / 1024 + 100);
    expect(Buffer.compare(decode(esp), file)).toBe(0);
  });
});
