import { type Operator, sizeOf } from "../operator.ts";
import { UnsupportedError } from "../unsupported.ts";
import { imageDims, windowsOf } from "../windows.ts";

const maxPool: Operator = (context) => {
  const x = context.value(0);
  const { kernel, strides, dilations, begin, input, output } = windowsOf(
    context,
    x.dims,
    context.attribute("kernel_shape", []),
  );
  if (context.node.outputs.length > 1 || dilations.some((n) => n !== 1)) {
    throw new UnsupportedError("MaxPool is run here without indices and dilations.");
  }
  const y = context.output(imageDims(x.dims, x.dims[1], output), { rectified: x.rectified });
  const planes = x.dims[0] * x.dims[1];
  const { kernels } = context.machine;
  const row = begin[1] + Math.max(input[1], output[1] * strides[1]) + kernel[1] + 2 * strides[1] + 8;
  const scratch = context.scratch(2 * row);
  return () =>
    kernels.maxPool(x.at, y.at, scratch, ...input, ...output, ...kernel, ...strides, begin[0], begin[1], planes);
};

const averagePool: Operator = (context) => {
  const x = context.value(0);
  const windows = windowsOf(context, x.dims, context.attribute("kernel_shape", []));
  const { kernel, strides, begin, end, input, output } = windows;
  const counted = context.attribute("count_include_pad", 0) === 1;
  const y = context.output(imageDims(x.dims, x.dims[1], output), { rectified: x.rectified });
  const { heap } = context.machine;
  return () => {
    const [from, to] = [heap.floats(x.at, sizeOf(x.dims)), heap.floats(y.at, sizeOf(y.dims))];
    let at = 0;
    for (let plane = 0; plane < x.dims[0] * x.dims[1]; plane++) {
      for (let i = 0; i < output[0]; i++) {
        const top = i * strides[0] - begin[0];
        for (let j = 0; j < output[1]; j++) {
          const left = j * strides[1] - begin[1];
          let sum = 0;
          for (let row = Math.max(0, top); row < Math.min(input[0], top + kernel[0]); row++) {
            const start = (plane * input[0] + row) * input[1];
            for (let column = Math.max(0, left); column < Math.min(input[1], left + kernel[1]); column++) {
              sum += from[start + column];
            }
          }
          const reach = (axis: number, first: number) =>
            counted
              ? Math.min(first + kernel[axis], input[axis] + end[axis]) - first
              : Math.min(first + kernel[axis], input[axis]) - Math.max(first, 0);
          to[at++] = sum / (reach(0, top) * reach(1, left));
        }
      }
    }
  };
};

/** A pooling over all places of a plane. */
function everywhere(join: (a: number, b: number) => number, start: number, mean: boolean): Operator {
  return (context) => {
    const x = context.value(0);
    const [batch, channels, ...places] = x.dims;
    const y = context.output([batch, channels, ...places.map(() => 1)], { rectified: x.rectified });
    const { heap } = context.machine;
    const size = sizeOf(places);
    return () => {
      const [from, to] = [heap.floats(x.at, sizeOf(x.dims)), heap.floats(y.at, batch * channels)];
      for (let i = 0; i < to.length; i++) {
        let joined = start;
        for (let p = i * size; p < (i + 1) * size; p++) joined = join(joined, from[p]);
        to[i] = mean ? joined / size : joined;
      }
    };
  };
}

/** Pooling. */
export const poolingOperators: Readonly<Record<string, Operator>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: everywhere((sum, x) => sum + x, 0, true),
  GlobalMaxPool: everywhere(Math.max, Number.NEGATIVE_INFINITY, false),
};
