import { attribute, ints } from "../onnx/attributes.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { scatter } from "./movement.ts";
import { maximumPlaces } from "./pool-places.ts";
import type { GradientRule, RuleContext } from "./rule.ts";
import { unreached, type Windows, windowsOf } from "./window.ts";

/**
 * Each maximum's gradient goes to the place where it was found. Where windows overlap, a place may receive several,
 * and they are summed.
 */
const maxPool: GradientRule = (context) => {
  const { graph, node, inputs, gradient, shape, dtype } = context;
  const dims = shape(inputs[0]);
  const windows = windowsOf(context, attribute(node, "ints", "kernel_shape", []));
  const places = maximumPlaces(context, windows);
  if (dtype !== "float32" || !tiles(windows)) return [scatter(context, places, gradient, dims)];
  return [
    graph.emit("MaxUnpool", [gradient, places, graph.ints(dims)], {
      kernel_shape: ints(windows.kernel),
      strides: ints(windows.strides),
    }),
  ];
};

/** Whether windows lie side by side within the input, as MaxUnpool expects: no overlap, nothing padded. */
function tiles({ kernel, strides, dilations, before, after, input, output }: Windows): boolean {
  return kernel.every((size, i) => {
    const alone = size <= strides[i] && dilations[i] === 1 && before[i] === 0 && after[i] === 0;
    return alone && (output[i] - 1) * strides[i] + size <= input[i];
  });
}

/** Each mean's gradient, divided by the number of elements that it was taken of, goes to all of them. */
const averagePool: GradientRule = (context) => {
  const { graph, node, inputs, gradient, shape } = context;
  const [batch, channels] = shape(inputs[0]);
  const windows = windowsOf(context, attribute(node, "ints", "kernel_shape", []));
  const withPadding = attribute(node, "int", "count_include_pad", 0) === 1;
  const shares = graph.emit("Div", [gradient, graph.constant(counts(windows, withPadding, context.dtype))]);
  const places = sizeOf(windows.output);
  const offsets = sizeOf(windows.kernel);
  const single = graph.emit("Reshape", [shares, graph.ints([batch, channels, 1, places])]);
  const spread = graph.emit("Expand", [single, graph.ints([batch, channels, offsets, places])]);
  return [fold(graph, graph.emit("Reshape", [spread, graph.ints([batch, channels * offsets, places])]), windows)];
};

/** Adds the columns [batch, channels * kernel, places] back to the images that they were taken from. */
function fold(graph: RuleContext["graph"], columns: string, windows: Windows): string {
  const { kernel, strides, dilations, before, input } = windows;
  // Where the output's size was rounded up, the last window hangs over the declared padding.
  const after = windows.after.map((pad, i) => pad + Math.max(0, -unreached(windows)[i]));
  return graph.emit("Col2Im", [columns, graph.ints(input), graph.ints(kernel)], {
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...before, ...after]),
  });
}

/** How many elements each window takes its mean of, [...output]. */
function counts(windows: Windows, withPadding: boolean, dtype: "float32" | "float64"): NumericTensor {
  const { kernel, strides, dilations, before, after, input, output } = windows;
  const alongAxis = output.map((size, i) =>
    Array.from({ length: size }, (_, place) => {
      const low = withPadding ? -before[i] : 0;
      const high = withPadding ? input[i] + after[i] : input[i];
      let count = 0;
      for (let offset = 0; offset < kernel[i]; offset++) {
        const position = place * strides[i] - before[i] + offset * dilations[i];
        if (position >= low && position < high) count++;
      }
      return count;
    }),
  );
  let product = [1];
  for (const axis of alongAxis) product = product.flatMap((before) => axis.map((count) => before * count));
  return { dtype, dims: output, data: dtype === "float64" ? Float64Array.from(product) : Float32Array.from(product) };
}

/** Each mean's gradient goes in equal parts to its whole channel. */
const globalAveragePool: GradientRule = ({ graph, inputs, gradient, shape, scalar }) => {
  const dims = shape(inputs[0]);
  const share = graph.emit("Mul", [gradient, scalar(1 / sizeOf(dims.slice(2)))]);
  return [graph.emit("Expand", [share, graph.ints(dims)])];
};

/** Pooling. */
export const poolingRules: Readonly<Record<string, GradientRule>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
};
