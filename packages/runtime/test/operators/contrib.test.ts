import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Attributes, float, int, ints } from "../../../espalier/src/onnx/attributes.ts";
import type { NumericTensor } from "../../../espalier/src/onnx/tensor.ts";
import { agrees, between, normals, type OneNode, type Source, wholes } from "../one-operator.ts";

const options = { numRuns: 40, seed: 1 };
const bytes = fc.constantFrom("uint8" as const, "int8" as const);
const dims = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }));
type Type = "uint8" | "int8";

const any = (type: Type, dims: readonly number[], seed: number) =>
  wholes(type, dims, seed, type === "int8" ? -128 : 0, type === "int8" ? 128 : 256);
const scale = (seed: number) => between([], seed, 0.01, 0.05);
const zero = (type: Type, seed: number) =>
  wholes(type, [], seed, type === "int8" ? -20 : 100, type === "int8" ? 20 : 150);

/** ONNX Runtime computes with factors that it has rounded first: a number half way to the next may go the other way. */
const near = (node: Omit<OneNode, "domain">) => agrees({ ...node, domain: "com.microsoft", steps: 1 });

describe("ONNX Runtime's operators on bytes are its own, to one step", () => {
  it("sums and products that stretch", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("QLinearAdd", "QLinearMul"),
        bytes,
        dims,
        fc.boolean(),
        async (op, type, shape, thin) => {
          const other = thin ? [shape[2]] : shape;
          const a = [any(type, shape, 1), scale(2), zero(type, 3)];
          const b = [any(type, other, 4), scale(5), zero(type, 6)];
          await near({ op, inputs: [...a, ...b, scale(7), zero(type, 8)], sources: sources(8) });
        },
      ),
      options,
    ));

  it("activations", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom<[string, Attributes]>(["QLinearSigmoid", {}], ["QLinearLeakyRelu", { alpha: float(0.25) }]),
        bytes,
        dims,
        async ([op, attributes], type, shape) => {
          const inputs = [any(type, shape, 1), scale(2), zero(type, 3), scale(5), zero(type, 4)];
          await near({ op, inputs, attributes, sources: sources(5) });
        },
      ),
      options,
    ));

  // Over an axis of a single element ONNX Runtime gives 0, whatever the scale.
  it("softmax over the last axis", () =>
    fc.assert(
      fc.asyncProperty(bytes, dims, async (type, [batch, rows, length]) => {
        const shape = [batch, rows, length + 1];
        const zeroOfY = type === "uint8" ? wholes("uint8", [], 1, 0, 1) : wholes("int8", [], 1, -128, -127);
        const inputs = [any(type, shape, 1), scale(2), zero(type, 3), between([], 1, 1 / 200, 1 / 200), zeroOfY];
        await near({
          op: "QLinearSoftmax",
          inputs,
          attributes: { opset: int(13), axis: int(-1) },
          sources: sources(5),
        });
      }),
      options,
    ));

  it("pooling by means", () =>
    fc.assert(
      fc.asyncProperty(bytes, dims, async (type, [batch, channels, side]) => {
        const x = any(type, [batch, channels, side + 2, side + 1], 1);
        const inputs = [x, scale(2), zero(type, 3), scale(4), zero(type, 5)];
        await near({
          op: "QLinearGlobalAveragePool",
          inputs,
          sources: sources(5),
          attributes: { channels_last: int(0) },
        });
        const attributes = { kernel_shape: ints([2, 2]), strides: ints([2, 1]), pads: ints([1, 0, 0, 1]) };
        await near({ op: "QLinearAveragePool", inputs, sources: sources(5), attributes });
      }),
      options,
    ));

  it("what is put together", () =>
    fc.assert(
      fc.asyncProperty(bytes, dims, async (type, [a, b, c]) => {
        const parts = [
          [any(type, [a, b, c], 3), scale(4), zero(type, 5)],
          [any(type, [a, b + 1, c], 6), scale(7), zero(type, 8)],
        ].flat();
        // The output's scale and zero come first.
        const inputs = [scale(1), zero(type, 2), ...parts];
        const kinds: Source[] = ["constant", "constant", "fed", "constant", "constant", "fed", "constant", "constant"];
        await near({ op: "QLinearConcat", inputs, sources: kinds, attributes: { axis: int(1) }, outputs: [type] });
      }),
      options,
    ));
});

/** All but the first, and other tensors that are not scales or zeros, are constants. */
function sources(count: number): Source[] {
  return Array.from({ length: count }, (_, i) => (i === 0 || (count === 8 && i === 3) ? "fed" : "constant"));
}

describe("products of ONNX Runtime's are its own", () => {
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 33 }),
    fc.integer({ min: 1, max: 9 }),
  );
  const weights = fc.constantFrom<Source>("constant", "fed");

  it("QGemm", () =>
    fc.assert(
      fc.asyncProperty(
        bytes,
        sizes,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        weights,
        async (type, [m, k, n], turned, biased, floats, from) => {
          const a = [any("uint8", [m, k], 1), scale(2), zero("uint8", 3)];
          const b = [any(type, turned ? [n, k] : [k, n], 4), between([n], 5, 0.01, 0.05), any(type, [n], 6)];
          const c = biased ? wholes("int32", [n], 7, -900, 900) : undefined;
          const y = floats ? [] : [between([], 8, 0.5, 1), zero("uint8", 9)];
          const kinds: Source[] = ["fed", "constant", "constant", from, ...Array<Source>(5).fill("constant")];
          await agrees({
            op: "QGemm",
            domain: "com.microsoft",
            inputs: [...a, ...b, c, ...y],
            sources: kinds,
            attributes: { transB: int(turned ? 1 : 0), alpha: float(1) },
            outputs: [floats ? "float32" : "uint8"],
            steps: 1,
          });
        },
      ),
      options,
    ));

  it("MatMulIntegerToFloat and DynamicQuantizeMatMul", () =>
    fc.assert(
      fc.asyncProperty(bytes, sizes, fc.boolean(), fc.boolean(), async (type, [m, k, n], each, biased) => {
        const of = each ? [n] : [];
        const b = any(type, [k, n], 2);
        const [scales, zeros] = [between(of.length ? of : [1], 3, 0.01, 0.05), any(type, of.length ? of : [1], 4)];
        const bias: NumericTensor | undefined = biased ? normals([n], 5) : undefined;
        const kinds: Source[] = ["fed", ...Array<Source>(6).fill("constant")];
        const whole = [
          any("uint8", [2, m, k], 1),
          b,
          between([1], 6, 0.01, 0.05),
          scales,
          wholes("uint8", [1], 7, 0, 256),
          zeros,
          bias,
        ];
        const given = { domain: "com.microsoft", sources: kinds, outputs: ["float32"] as const };
        await agrees({ ...given, op: "MatMulIntegerToFloat", inputs: whole, apart: 1e-4 });
        const floats = [normals([m, k], 8), b, scales, zeros, bias];
        await agrees({ ...given, op: "DynamicQuantizeMatMul", inputs: floats, apart: 1e-4 });
      }),
      options,
    ));

  it("GatherBlockQuantized", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(16, 32),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (rows, block, blocks, zeroed) => {
          const columns = block * blocks;
          const zeros = zeroed ? wholes("uint8", [rows, Math.ceil(blocks / 2)], 3, 0, 256) : undefined;
          const inputs = [
            wholes("uint8", [rows, columns / 2], 1, 0, 256),
            wholes("int64", [2, 3], 4, 0, rows),
            between([rows, blocks], 2, 0.01, 0.1),
            zeros,
          ];
          const kinds: Source[] = ["constant", "fed", "constant", "constant"];
          const attributes = { bits: int(4), block_size: int(block), gather_axis: int(0), quantize_axis: int(1) };
          await agrees({
            op: "GatherBlockQuantized",
            domain: "com.microsoft",
            inputs,
            sources: kinds,
            attributes,
            outputs: ["float32"],
          });
          expect(columns).toBeGreaterThan(0);
        },
      ),
      options,
    ));
});
