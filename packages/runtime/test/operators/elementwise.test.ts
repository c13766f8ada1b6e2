import fc from "fast-check";
import { describe, it } from "vitest";
import { type Attributes, float, int, string } from "../../../espalier/src/onnx/attributes.ts";
import { agrees, between, type Source, wholes } from "../one-operator.ts";

const dims = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });
const source = fc.constantFrom<Source>("fed", "constant", "computed");
const whole = fc.constantFrom("int64" as const, "int32" as const);
const options = { numRuns: 15, seed: 1 };

/** The operator, its set, the range of what it is tried on, and its attributes. */
const unary: readonly [op: string, set: number, low: number, high: number, attributes?: Attributes][] = [
  ["Abs", 13, -3, 3],
  ["Neg", 13, -3, 3],
  ["Sign", 13, -3, 3],
  ["Ceil", 13, -3, 3],
  ["Floor", 13, -3, 3],
  ["Round", 11, -3, 3],
  ["Exp", 13, -9, 9],
  ["Log", 13, 0.01, 9],
  ["Sqrt", 13, 0, 9],
  ["Reciprocal", 13, 0.1, 9],
  ["Erf", 13, -4, 4],
  ["Sin", 7, -9, 9],
  ["Cos", 7, -9, 9],
  ["Tan", 7, -1.4, 1.4],
  ["Asin", 7, -1, 1],
  ["Acos", 7, -1, 1],
  ["Atan", 7, -9, 9],
  ["Sinh", 9, -3, 3],
  ["Cosh", 9, -3, 3],
  ["Asinh", 9, -9, 9],
  ["Acosh", 9, 1, 9],
  ["Atanh", 9, -0.9, 0.9],
  ["Relu", 14, -3, 3],
  ["Sigmoid", 13, -20, 20],
  ["Tanh", 13, -9, 9],
  ["Softplus", 1, -20, 20],
  ["Softsign", 1, -9, 9],
  ["Mish", 18, -9, 9],
  ["HardSwish", 14, -9, 9],
  ["HardSigmoid", 6, -9, 9],
  ["HardSigmoid", 6, -9, 9, { alpha: float(0.4), beta: float(0.3) }],
  ["LeakyRelu", 16, -3, 3, { alpha: float(0.2) }],
  ["ThresholdedRelu", 10, -3, 3, { alpha: float(0.7) }],
  ["Elu", 6, -9, 9, { alpha: float(1.3) }],
  ["Celu", 12, -9, 9, { alpha: float(1.3) }],
  ["Selu", 6, -9, 9],
  ["Selu", 6, -9, 9, { alpha: float(1.2), gamma: float(1.1) }],
  ["Shrink", 9, -3, 3, { lambd: float(0.8), bias: float(0.3) }],
  ["Gelu", 20, -5, 5],
  ["Gelu", 20, -5, 5, { approximate: string("tanh") }],
  ["Clip", 6, -3, 3, { min: float(-1), max: float(2) }],
];

describe("functions of each element are those of ONNX Runtime", () => {
  it.each(unary)("%s of operator set %d", (op, set, low, high, attributes) =>
    fc.assert(
      fc.asyncProperty(dims, async (shape) => {
        await agrees({ op, set, inputs: [between(shape, 1, low, high)], attributes, apart: 1e-6 });
      }),
      options,
    ),
  );

  it.each(["Abs", "Neg", "Sign"])("%s of whole numbers", (op) =>
    fc.assert(
      fc.asyncProperty(dims, whole, async (shape, type) => {
        await agrees({ op, set: 13, inputs: [wholes(type, shape, 1, -99, 99)] });
      }),
      options,
    ),
  );

  it("Clip by bounds that are fed, constant, computed or left out", () =>
    fc.assert(
      fc.asyncProperty(
        dims,
        source,
        source,
        fc.constantFrom("float32", "int64", "int32", "uint8"),
        fc.nat(3),
        async (shape, a, b, type, which) => {
          const of = (shape: readonly number[], seed: number, low: number, high: number) =>
            type === "float32" ? between(shape, seed, low, high) : wholes(type as "int64", shape, seed, low, high);
          const low = type === "uint8" ? 0 : -9;
          const bounds = [of([], 2, low + 1, low + 4), of([], 3, low + 5, low + 9)];
          const inputs = [
            of(shape, 1, low, low + 18),
            which & 1 ? bounds[0] : undefined,
            which & 2 ? bounds[1] : undefined,
          ];
          await agrees({ op: "Clip", set: 13, inputs, sources: ["fed", a, b] });
        },
      ),
      { numRuns: 60, seed: 1 },
    ));
});

/** A shape, and one that stretches to it. */
const stretching = fc
  .tuple(dims, fc.nat(15), fc.nat(4))
  .map(([shape, ones, dropped]) => [
    shape,
    shape.map((dim, i) => ((ones >> i) & 1 ? 1 : dim)).slice(Math.min(dropped, shape.length)),
  ]);

describe("arithmetic is that of ONNX Runtime", () => {
  it.each(["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mod", "Sum", "Mean"])("%s", (op) =>
    fc.assert(
      fc.asyncProperty(stretching, source, fc.boolean(), async ([large, small], from, turned) => {
        const given = [between(large, 1, 0.5, 3), between(small, 2, 0.5, 3)];
        const attributes: Attributes = op === "Mod" ? { fmod: int(1) } : {};
        const inputs = turned ? [given[1], given[0]] : given;
        await agrees({ op, set: 13, inputs, sources: ["fed", from], attributes });
      }),
      { numRuns: 30, seed: 1 },
    ),
  );

  it.each(["Add", "Sub", "Mul", "Div", "Max", "Min", "Mod", "Pow"])("%s of whole numbers", (op) =>
    fc.assert(
      fc.asyncProperty(stretching, whole, source, fc.boolean(), async ([large, small], type, from, fmod) => {
        const b =
          op === "Div" || op === "Mod" || op === "Pow" ? wholes(type, small, 2, 1, 5) : wholes(type, small, 2, -99, 99);
        const attributes: Attributes = op === "Mod" ? { fmod: int(fmod ? 1 : 0) } : {};
        await agrees({ op, set: 13, inputs: [wholes(type, large, 1, -99, 99), b], sources: ["fed", from], attributes });
      }),
      { numRuns: 30, seed: 1 },
    ),
  );

  it("PRelu", () =>
    fc.assert(
      fc.asyncProperty(stretching, source, async ([large, small], from) => {
        await agrees({
          op: "PRelu",
          set: 16,
          inputs: [between(large, 1, -3, 3), between(small, 2, -1, 1)],
          sources: ["fed", from],
        });
      }),
      options,
    ));

  it("Max, Min, Sum and Mean of many", () =>
    fc.assert(
      fc.asyncProperty(stretching, source, async ([large, small], from) => {
        for (const op of ["Max", "Min", "Sum", "Mean"]) {
          const inputs = [between(small, 1, -3, 3), between(large, 2, -3, 3), between([], 3, -3, 3)];
          await agrees({ op, set: 13, inputs, sources: [from, "fed", from] });
        }
      }),
      options,
    ));
});
