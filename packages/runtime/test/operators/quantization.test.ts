import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Attributes, int, ints } from "../../../espalier/src/onnx/attributes.ts";
import { type NumericTensor, sizeOf } from "../../../espalier/src/onnx/tensor.ts";
import { agrees, between, normals, type Source, wholes } from "../one-operator.ts";

const source = fc.constantFrom<Source>("fed", "constant", "computed");
const sources = fc.tuple(source, source, source);
const type = fc.constantFrom("uint8" as const, "int8" as const);
const dims = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }));
const spread = fc.constantFrom("tensor", "axis", "block");
const options = { numRuns: 60, seed: 1 };
/** Any bytes. */
const bytes = (dtype: "uint8" | "int8", dims: readonly number[], seed: number) =>
  dtype === "uint8" ? wholes(dtype, dims, seed, 0, 256) : wholes(dtype, dims, seed, -128, 128);

/** The shape of the scales, with what must be said of it. */
function scaling(shape: readonly number[], how: string, axis: number): { scales: number[]; attributes: Attributes } {
  if (how === "tensor") return { scales: [], attributes: {} };
  if (how === "axis") return { scales: [shape[axis]], attributes: { axis: int(axis) } };
  const scales = shape.map((dim, i) => (i === axis ? Math.ceil(dim / 2) : dim));
  return { scales, attributes: { axis: int(axis - shape.length), block_size: int(2) } };
}

describe("linear quantization is that of ONNX Runtime", () => {
  it("forth", () =>
    fc.assert(
      fc.asyncProperty(
        dims,
        type,
        spread,
        fc.nat(2),
        sources,
        fc.boolean(),
        async (shape, to, how, axis, from, zeroed) => {
          const { scales, attributes } = scaling(shape, how, axis);
          const zero = zeroed || to === "int8" ? bytes(to, scales, 3) : undefined;
          const inputs = [between(shape, 1, -9, 9), between(scales, 2, 0.01, 0.1), zero];
          const set = how === "tensor" ? 10 : how === "axis" ? 13 : 21;
          await agrees({ op: "QuantizeLinear", set, inputs, sources: from, attributes, outputs: [to] });
        },
      ),
      options,
    ));

  it("back", () =>
    fc.assert(
      fc.asyncProperty(
        dims,
        type,
        spread,
        fc.nat(2),
        sources,
        fc.boolean(),
        async (shape, of, how, axis, from, zeroed) => {
          const { scales, attributes } = scaling(shape, how, axis);
          const zero = zeroed ? bytes(of, scales, 3) : undefined;
          const inputs = [bytes(of, shape, 1), between(scales, 2, 0.01, 0.1), zero];
          const set = how === "tensor" ? 10 : how === "axis" ? 13 : 21;
          await agrees({ op: "DequantizeLinear", set, inputs, sources: from, attributes, outputs: ["float32"] });
        },
      ),
      options,
    ));

  it("by the range of what comes", () =>
    fc.assert(
      fc.asyncProperty(dims, fc.double({ min: -3, max: 3, noNaN: true }), async (shape, shift) => {
        const x = between(shape, 1, shift, shift + 2);
        await agrees({ op: "DynamicQuantizeLinear", set: 11, inputs: [x], outputs: ["uint8", "float32", "uint8"] });
      }),
      options,
    ));

  it("of weights that are folded before a convolution", async () => {
    const weights = wholes("int8", [4, 3, 3, 3], 1, -128, 128);
    const inputs = [weights, between([4], 2, 0.01, 0.1), wholes("int8", [4], 3, -5, 5)];
    const attributes = { axis: int(0) };
    await agrees({
      op: "DequantizeLinear",
      set: 13,
      inputs,
      sources: ["constant", "constant", "constant"],
      attributes,
      outputs: ["float32"],
    });
  });
});

it("MatMulInteger is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(dims, fc.integer({ min: 1, max: 4 }), sources, async ([batch, rows, length], columns, from) => {
      const inputs = [
        wholes("uint8", [batch, rows, length], 1, 0, 256),
        wholes("int8", [length, columns], 2, -128, 128),
        wholes("uint8", [], 3, 0, 256),
        wholes("int8", [columns], 4, -9, 9),
      ];
      await agrees({ op: "MatMulInteger", set: 10, inputs, sources: from, outputs: ["int32"] });
    }),
    options,
  ));

it("ConvInteger is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(dims, type, sources, fc.boolean(), async ([batch, channels, filters], of, from, padded) => {
      const inputs = [
        wholes("uint8", [batch, 2 * channels, 5, 4], 1, 0, 256),
        bytes(of, [2 * filters, channels, 3, 2], 2),
        wholes("uint8", [], 3, 0, 256),
        of === "uint8" ? wholes("uint8", [], 4, 0, 256) : undefined,
      ];
      const attributes = { group: int(2), ...(padded && { pads: ints([1, 0, 2, 1]), strides: ints([2, 1]) }) };
      await agrees({ op: "ConvInteger", set: 10, inputs, sources: from, attributes, outputs: ["int32"] });
    }),
    options,
  ));

it("QLinearMatMul and QLinearConv are those of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(dims, type, sources, fc.boolean(), async ([batch, channels, filters], of, [from], each) => {
      const scales = [
        between([], 5, 0.01, 0.02),
        between(each ? [filters] : [], 6, 0.01, 0.02),
        between([], 7, 0.3, 0.6),
      ];
      const zeroOfB = each ? { ...wholes(of, [filters], 8, 0, 1) } : bytes(of, [], 8);
      const rest = [scales[2], wholes("uint8", [], 9, 100, 150)];
      const kinds: Source[] = ["fed", "constant", "constant", from, "constant", "constant", "constant", "constant"];
      const product = [
        wholes("uint8", [batch, 3, channels], 1, 0, 256),
        scales[0],
        wholes("uint8", [], 3, 0, 256),
        bytes(of, [channels, filters], 2),
        scales[1],
        zeroOfB,
        ...rest,
      ];
      await agrees({ op: "QLinearMatMul", set: 10, inputs: product, sources: kinds });
      const image = [
        wholes("uint8", [batch, channels, 5, 4], 1, 0, 256),
        scales[0],
        wholes("uint8", [], 3, 0, 256),
        bytes(of, [filters, channels, 3, 2], 2),
        scales[1],
        zeroOfB,
        ...rest,
        wholes("int32", [filters], 10, -900, 900),
      ];
      const attributes = { pads: ints([1, 0, 2, 1]), strides: ints([2, 1]) };
      await agrees({ op: "QLinearConv", set: 10, inputs: image, sources: [...kinds, "constant"], attributes });
    }),
    options,
  ));

it("MatMulNBits is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(4, 8),
      fc.constantFrom(16, 32),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      fc.constantFrom([3], [2, 5]),
      async (bits, block, columns, rows, zeroed, samples) => {
        const blocks = Math.ceil(columns / block);
        const zeros = wholes("uint8", [rows * Math.ceil((blocks * bits) / 8)], 4, 0, 256);
        const scales: NumericTensor = between([rows * blocks], 3, 0.01, 0.1);
        const b = wholes("uint8", [rows, blocks, (block * bits) / 8], 2, 0, 256);
        const a = normals([...samples, columns], 1);
        expect(sizeOf(a.dims)).toBeGreaterThan(0);
        const attributes = { K: int(columns), N: int(rows), bits: int(bits), block_size: int(block) };
        const inputs = [a, b, scales, zeroed ? zeros : undefined];
        const kinds: Source[] = ["fed", "constant", "constant", "constant"];
        await agrees({ op: "MatMulNBits", domain: "com.microsoft", inputs, sources: kinds, attributes, apart: 1e-4 });
      },
    ),
    { numRuns: 40, seed: 1 },
  ));
