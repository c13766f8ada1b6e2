import fc from "fast-check";
import { float, string } from "../../../src/onnx/attributes.ts";
import { awayFrom } from "../check-gradient.ts";
import { byInput, type CaseFamily, type Drawn, shape, stretched, unary } from "./drawn.ts";

const single = { dtype: "float32" } as const;
const kinked = (...kinks: number[]) => ({ ...single, values: awayFrom(...kinks) });

/** An activation function with an attribute of one of some values. */
const shaped = (op: string, name: string, values: number[], more: object = single): Drawn =>
  fc.constantFrom(...values).chain((value) => unary(op, more, { [name]: float(value) }));

const prelu: Drawn = stretched
  .filter(([a, b]) => b.length <= a.length && b.every((size, i) => size <= a[a.length - b.length + i]))
  .map((inputs) => ({
    inputs,
    build: (graph) => graph.emit("PRelu", ["x0", "x1"]),
    values: byInput(awayFrom(0)),
  }));

const bounded: Drawn = fc
  .record({ dims: shape(), low: fc.boolean(), high: fc.boolean() })
  .map(({ dims, low, high }) => ({
    inputs: [dims],
    build: (graph, dtype) =>
      graph.emit("Clip", ["x0", low ? graph.scalar(dtype, -1) : "", ...(high ? [graph.scalar(dtype, 1)] : [])]),
    values: awayFrom(-1, 1),
  }));

export const activationCases: CaseFamily = {
  Relu: { drawn: unary("Relu", { values: awayFrom(0) }) },
  LeakyRelu: { drawn: shaped("LeakyRelu", "alpha", [0.2, 0.01], kinked(0)) },
  PRelu: { drawn: prelu },
  ThresholdedRelu: { drawn: shaped("ThresholdedRelu", "alpha", [0.5, 1], kinked(0.5, 1)) },
  Shrink: { drawn: shaped("Shrink", "lambd", [0.5, 1], kinked(-1, -0.5, 0.5, 1)) },
  Elu: { drawn: shaped("Elu", "alpha", [1, 0.5], kinked(0)) },
  Selu: { drawn: unary("Selu", kinked(0)) },
  Celu: { drawn: shaped("Celu", "alpha", [1, 2], kinked(0)) },
  Sigmoid: { drawn: unary("Sigmoid") },
  HardSigmoid: { drawn: shaped("HardSigmoid", "alpha", [0.5, 0.35], kinked(-1.43, -1, 1, 1.43)) },
  HardSwish: {
    drawn: unary("HardSwish", {
      ...single,
      values: (stream, size) => awayFrom(-1, 1)(stream, size).map((value) => 3 * value),
    }),
  },
  Softplus: { drawn: unary("Softplus", single) },
  Softsign: { drawn: unary("Softsign", kinked(0)) },
  Clip: {
    drawn: bounded,
    edges: {
      "its bounds": {
        inputs: [[5], [], []],
        build: (graph) => graph.emit("Clip", ["x0", "x1", "x2"]),
        values: (_, __, i) => [[-2, -1.5, 0, 1.7, 1.9], [-1], [1]][i],
      },
    },
  },
  Gelu: {
    drawn: fc
      .constantFrom("none", "tanh")
      .chain((approximate) => unary("Gelu", { ...single, opset: 20 }, { approximate: string(approximate) })),
  },
  Mish: { drawn: unary("Mish", single) },
  Swish: { drawn: shaped("Swish", "alpha", [1, 2], { ...single, opset: 24 }) },
};
