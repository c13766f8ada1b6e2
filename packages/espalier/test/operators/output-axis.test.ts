import { describe, expect, it } from "vitest";
import { type Attribute, int, string } from "../../src/onnx/attributes.ts";
import { outputAxis } from "../../src/operators/output-axis.ts";

function axisOf(op: string, operand: number, rank: number, attributes: Record<string, Attribute> = {}): number {
  const node = { op, domain: "", name: op, inputs: ["a", "b", "c"].slice(0, operand + 2), outputs: ["y"], attributes };
  return outputAxis({ node, operand }, rank);
}

describe("the axis of output units", () => {
  // By hand, from the shapes that ONNX gives each operator's weights.
  it.each([
    ["Conv", "[outputs, inputs, ...]", 1, 4, {}, 0],
    ["ConvTranspose", "[inputs, outputs, ...]", 1, 4, {}, 1],
    ["ConvTranspose", "[channels, 1, ...], each a group", 1, 4, { group: int(6) }, 0],
    ["Gemm", "[inputs, outputs]", 1, 2, {}, 1],
    ["Gemm", "[outputs, inputs]", 1, 2, { transB: int(1) }, 0],
    ["Gemm", "[outputs, inputs] from the left", 0, 2, {}, 0],
    ["Gemm", "[inputs, outputs] from the left", 0, 2, { transA: int(1) }, 1],
    ["MatMul", "[stack, inputs, outputs]", 1, 3, {}, 2],
    ["MatMul", "[outputs, inputs] from the left", 0, 2, {}, 0],
    ["LSTM", "[directions, rows, inputs]", 1, 3, {}, 1],
    ["LSTM", "biases [directions, rows]", 3, 2, {}, 0],
    ["Gather", "[entries, width]", 0, 2, {}, 0],
    ["Mul", "a table beside a value", 1, 3, {}, 0],
  ] as const)("of %s %s", (op, _, operand, rank, attributes, axis) => {
    expect(axisOf(op, operand, rank, attributes)).toBe(axis);
  });

  it("of Einsum is that which weights alone bring into the result", () => {
    const einsum = { op: "Einsum", domain: "", name: "e", inputs: ["x", "w"], outputs: ["y"] };
    const use = { node: { ...einsum, attributes: { equation: string("bd,do->bo") } }, operand: 1 };
    expect(outputAxis(use, 2)).toBe(1);
  });
});
