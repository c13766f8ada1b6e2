import { type Operator, sizeOf } from "../operator.ts";
import { stretched } from "./elementwise.ts";

/** Works on lines of `count` elements that lie `step` apart: those along an axis. */
function alongAxis(f: (line: Float32Array) => void): Operator {
  return (context) => {
    const x = context.value(0);
    const axis = (context.attribute("axis", -1) + x.dims.length) % x.dims.length;
    const y = context.output(x.dims);
    const { heap } = context.machine;
    const [count, step] = [x.dims[axis], sizeOf(x.dims.slice(axis + 1))];
    const line = new Float32Array(count);
    return () => {
      const [from, to] = [heap.floats(x.at, sizeOf(x.dims)), heap.floats(y.at, sizeOf(x.dims))];
      for (let start = 0; start < from.length; start += count * step) {
        for (let i = start; i < start + step; i++) {
          for (let j = 0; j < count; j++) line[j] = from[i + j * step];
          f(line);
          for (let j = 0; j < count; j++) to[i + j * step] = line[j];
        }
      }
    };
  };
}

const softmax = alongAxis((line) => {
  const most = line.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let i = 0; i < line.length; i++) {
    line[i] = Math.exp(line[i] - most);
    sum += line[i];
  }
  for (let i = 0; i < line.length; i++) line[i] /= sum;
});

const logSoftmax = alongAxis((line) => {
  const most = line.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = line.reduce((total, x) => total + Math.exp(x - most), 0);
  for (let i = 0; i < line.length; i++) line[i] -= most + Math.log(sum);
});

/** x / (bias + alpha / size sum over the neighbouring channels of x^2)^beta. */
const lrn: Operator = (context) => {
  const x = context.value(0);
  const { attribute } = context;
  const size = attribute("size", 1);
  const [alpha, beta, bias] = [attribute("alpha", 1e-4), attribute("beta", 0.75), attribute("bias", 1)];
  const [batch, channels, ...places] = x.dims;
  const plane = sizeOf(places);
  const y = context.output(x.dims, { rectified: x.rectified });
  const { heap } = context.machine;
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  return () => {
    const [from, to] = [heap.floats(x.at, sizeOf(x.dims)), heap.floats(y.at, sizeOf(x.dims))];
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const [first, last] = [Math.max(0, c - before), Math.min(channels - 1, c + after)];
        for (let p = 0; p < plane; p++) {
          let squares = 0;
          for (let k = first; k <= last; k++) squares += from[(n * channels + k) * plane + p] ** 2;
          const at = (n * channels + c) * plane + p;
          to[at] = from[at] / (bias + (alpha / size) * squares) ** beta;
        }
      }
    }
  };
};

const batchNormalization: Operator = (context) => {
  const x = context.value(0);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => context.constant(i)?.data ?? []);
  const epsilon = context.attribute("epsilon", 1e-5);
  const plane = sizeOf(x.dims.slice(2));
  const y = context.output(x.dims);
  const { heap } = context.machine;
  return () => {
    const [from, to] = [heap.floats(x.at, sizeOf(x.dims)), heap.floats(y.at, sizeOf(x.dims))];
    for (let i = 0; i < from.length / plane; i++) {
      const c = i % x.dims[1];
      const factor = scale[c] / Math.sqrt(variance[c] + epsilon);
      for (let p = i * plane; p < (i + 1) * plane; p++) to[p] = (from[p] - mean[c]) * factor + shift[c];
    }
  };
};

const layerNormalization: Operator = (context) => {
  const x = context.value(0);
  const axis = (context.attribute("axis", -1) + x.dims.length) % x.dims.length;
  const [scale, shift] = [context.constant(1)?.data ?? [], context.constant(2)?.data];
  const epsilon = context.attribute("epsilon", 1e-5);
  const count = sizeOf(x.dims.slice(axis));
  const y = context.output(x.dims);
  const { heap } = context.machine;
  return () => {
    const [from, to] = [heap.floats(x.at, sizeOf(x.dims)), heap.floats(y.at, sizeOf(x.dims))];
    for (let start = 0; start < from.length; start += count) {
      let [sum, squares] = [0, 0];
      for (let i = start; i < start + count; i++) sum += from[i];
      const mean = sum / count;
      for (let i = start; i < start + count; i++) squares += (from[i] - mean) ** 2;
      const factor = 1 / Math.sqrt(squares / count + epsilon);
      for (let i = 0; i < count; i++) {
        to[start + i] = (from[start + i] - mean) * factor * scale[i] + (shift ? shift[i] : 0);
      }
    }
  };
};

/** Sums or means over axes: an input since operator set 13 (ReduceSum) and 18, an attribute before. */
function reduction(mean: boolean): Operator {
  return (context) => {
    const x = context.value(0);
    const given = context.wholes(1) ?? context.attribute("axes", []);
    const all = given.length === 0 && context.attribute("noop_with_empty_axes", 0) === 0;
    const axes = new Set(all ? x.dims.keys() : given.map((axis) => (axis + x.dims.length) % x.dims.length));
    const reduced = x.dims.map((dim, axis) => (axes.has(axis) ? 1 : dim));
    const kept = context.attribute("keepdims", 1) === 1;
    const y = context.output(kept ? reduced : x.dims.filter((_, axis) => !axes.has(axis)));
    const places = stretched(reduced, x.dims);
    const factor = mean ? sizeOf(reduced) / sizeOf(x.dims) : 1;
    const { heap } = context.machine;
    return () => {
      const [from, to] = [heap.floats(x.at, places.length), heap.floats(y.at, sizeOf(y.dims)).fill(0)];
      for (let i = 0; i < places.length; i++) to[places[i]] += from[i];
      for (let i = 0; i < to.length; i++) to[i] *= factor;
    };
  };
}

/** Normalizations and reductions. */
export const normalizationOperators: Readonly<Record<string, Operator>> = {
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  LRN: lrn,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  ReduceMean: reduction(true),
  ReduceSum: reduction(false),
};
