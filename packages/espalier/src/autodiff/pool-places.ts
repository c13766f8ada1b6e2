import { attribute, int, string } from "../onnx/attributes.ts";
import { float32, type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import type { RuleContext } from "./rule.ts";
import { convAttributes, type Windows } from "./window.ts";

/** Where each maximum of a MaxPool was found: int64 places in the flattened input, the first of equal ones. */
export function maximumPlaces(context: RuleContext, windows: Windows): string {
  const { graph, node, inputs, dtype } = context;
  if (dtype === "float32" && windows.kernel.length === 2 && covers(windows)) return comparedPlaces(context, windows);
  // Places counted down the columns (storage_order 1) do not fit: a node of its own counts along the rows.
  return attribute(node, "int", "storage_order", 0) === 1
    ? graph.emitMany("MaxPool", [inputs[0]], { ...node.attributes, storage_order: int(0) }, 2)[1]
    : graph.exposeOutput(node, 1);
}

/** Whether windows lie side by side and together are the whole input. */
function covers({ kernel, strides, dilations, input, output }: Windows): boolean {
  return kernel.every((size, i) => size === strides[i] && dilations[i] === 1 && size * output[i] === input[i]);
}

/**
 * Elements that equal their window's maximum take a code that falls along the image, and a second pooling finds the
 * first of them. The runtime's own search branches at each element, which no processor can predict: together with
 * this, pooling takes half of its time (`npm run bench -- training-step`).
 */
function comparedPlaces({ graph, inputs, outputs, shape }: RuleContext, windows: Windows): string {
  const [batch, channels, height, width] = shape(inputs[0]);
  const plane = height * width;
  const scales = graph.constant(float32([4], Float32Array.of(1, 1, ...windows.strides)));
  const stretched = graph.emit("Resize", [outputs[0], "", scales], {
    mode: string("nearest"),
    nearest_mode: string("floor"),
    coordinate_transformation_mode: string("asymmetric"),
  });
  const codes = graph.constant(
    float32(
      [1, 1, height, width],
      Float32Array.from({ length: plane }, (_, i) => plane - i),
    ),
  );
  const maximal = graph.emit("Cast", [graph.emit("Equal", [inputs[0], stretched])], { to: int(1) });
  // Not Where, which the runtime does in three passes.
  const found = graph.emit("Mul", [maximal, codes]);
  const { kernel_shape, strides } = convAttributes(windows, 1);
  const first = graph.emit("Cast", [graph.emit("MaxPool", [found], { kernel_shape, strides })], { to: int(7) });
  return graph.emit("Sub", [graph.constant(planeEnds(batch, channels, plane)), first]);
}

/** The place behind each image's plane, [batch, channels, 1, 1]. */
function planeEnds(batch: number, channels: number, plane: number): NumericTensor {
  const dims = [batch, channels, 1, 1];
  return {
    dtype: "int64",
    dims,
    data: BigInt64Array.from({ length: sizeOf(dims) }, (_, i) => BigInt((i + 1) * plane)),
  };
}
