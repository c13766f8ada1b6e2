import { attribute, ints } from "../onnx/attributes.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { maximumPlaces } from "./pool-places.ts";
import type { GradientRule, RuleContext } from "./rule.ts";
import { scatter } from "./scatter.ts";
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
  const { graph, math, node, gradient } = context;
  const windows = windowsOf(context, attribute(node, "ints", "kernel_shape", []));
  const withPadding = attribute(node, "int", "count_include_pad", 0) === 1;
  const shares = math.div(gradient, graph.constant(counts(windows, withPadding, context.dtype)));
  return [toWindows(context, shares, windows)];
};

/** y = (sum |x|^p)^(1/p): dy/dx = sign(x) |x|^(p-1) / y^(p-1), where a window of zeros passes none. */
const lpPool: GradientRule = (context) => {
  const { math, node, inputs, outputs, gradient } = context;
  const windows = windowsOf(context, attribute(node, "ints", "kernel_shape", []));
  const p = attribute(node, "int", "p", 2);
  const spread = toWindows(context, overNorms(context, gradient, outputs[0], p), windows);
  return [math.mul(spread, signedPower(context, inputs[0], p - 1))];
};

/** The same over the whole channel. */
const globalLpPool: GradientRule = (context) => {
  const { math, node, inputs, outputs, gradient } = context;
  const p = attribute(node, "int", "p", 2);
  return [math.mul(signedPower(context, inputs[0], p - 1), overNorms(context, gradient, outputs[0], p))];
};

/** g / y^(p-1). */
function overNorms({ math }: RuleContext, gradient: string, norms: string, p: number): string {
  const divisors = math.where(math.equal(norms, 0), 1, norms);
  return math.div(gradient, p === 2 ? divisors : math.pow(divisors, p - 1));
}

/** sign(x) |x|^n. */
function signedPower({ math }: RuleContext, x: string, n: number): string {
  return n === 1 ? x : math.mul(math.sign(x), math.pow(math.abs(x), n));
}

/** Gives each window's value to all elements under it, and sums what an element receives of several. */
function toWindows({ graph, inputs, shape }: RuleContext, values: string, windows: Windows): string {
  const [batch, channels] = shape(inputs[0]);
  const places = sizeOf(windows.output);
  const offsets = sizeOf(windows.kernel);
  const single = graph.emit("Reshape", [values, graph.ints([batch, channels, 1, places])]);
  const spread = graph.emit("Expand", [single, graph.ints([batch, channels, offsets, places])]);
  return fold(graph, graph.emit("Reshape", [spread, graph.ints([batch, channels * offsets, places])]), windows);
}

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
const globalAveragePool: GradientRule = ({ graph, math, inputs, gradient, shape }) => {
  const dims = shape(inputs[0]);
  const share = math.mul(gradient, 1 / sizeOf(dims.slice(2)));
  return [graph.emit("Expand", [share, graph.ints(dims)])];
};

/** Each maximum's gradient goes to the first place that holds it. */
const globalMaxPool: GradientRule = (context) => {
  const { graph, inputs, gradient, shape } = context;
  const dims = shape(inputs[0]);
  const [, places] = graph.emitMany("MaxPool", [inputs[0]], { kernel_shape: ints(dims.slice(2)) }, 2);
  return [scatter(context, places, gradient, dims)];
};

/** Pooling. */
export const poolingRules: Readonly<Record<string, GradientRule>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  GlobalLpPool: globalLpPool,
};
