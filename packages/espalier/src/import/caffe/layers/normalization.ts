import { float, int, ints } from "../../../onnx/attributes.ts";
import {
  LRNParameterSchema,
  MVNParameterSchema,
  LRNParameter_NormRegion as Region,
  SoftmaxParameterSchema,
} from "../caffe_pb.ts";
import type { LayerRule } from "../layer-build.ts";

/** Local response: x (k + alpha / n sum x^2)^-beta over n channels, or x (1 + alpha mean x^2)^-beta over n x n places. */
const lrn: LayerRule = (layer) => {
  const { localSize, alpha, beta, k, normRegion } = layer.defaults(LRNParameterSchema, layer.param.lrnParam);
  const { value, shape } = layer.bottom;
  if (localSize % 2 === 0) throw layer.error(`has the local_size ${localSize}, which must be odd`);
  if (normRegion === Region.ACROSS_CHANNELS) {
    const attributes = { size: int(localSize), alpha: float(alpha), beta: float(beta), bias: float(k) };
    return layer.finish("LRN", [value], attributes, shape);
  }
  const { size } = layer.image;
  const pads = [...size, ...size].map(() => (localSize - 1) / 2);
  const mean = layer.emit("AveragePool", [layer.emit("Mul", [value, value])], {
    kernel_shape: ints(size.map(() => localSize)),
    pads: ints(pads),
    count_include_pad: int(1),
  });
  const sum = layer.emit("Add", [layer.emit("Mul", [mean, layer.scalar(alpha)]), layer.scalar(1)]);
  layer.finish("Mul", [value, layer.emit("Pow", [sum, layer.scalar(-beta)])], {}, shape);
};

/** (x - mean) / (sqrt(variance) + eps), over the places of each channel or over all channels too. */
const mvn: LayerRule = (layer) => {
  const { normalizeVariance, acrossChannels, eps } = layer.defaults(MVNParameterSchema, layer.param.mvnParam);
  const {
    bottom: { value, shape },
    image,
  } = layer;
  const axes = layer.graph.ints([...(acrossChannels ? [1] : []), ...image.size.map((_, i) => i + 2)]);
  const mean = layer.emit("ReduceMean", [value, axes]);
  if (!normalizeVariance) return layer.finish("Sub", [value, mean], {}, shape);
  const centred = layer.emit("Sub", [value, mean]);
  const variance = layer.emit("ReduceMean", [layer.emit("Mul", [centred, centred]), axes]);
  const deviation = layer.emit("Add", [layer.emit("Sqrt", [variance]), layer.scalar(eps)]);
  layer.finish("Div", [centred, deviation], {}, shape);
};

const softmax: LayerRule = (layer) => {
  const { axis } = layer.defaults(SoftmaxParameterSchema, layer.param.softmaxParam);
  const { value, shape } = layer.bottom;
  layer.finish("Softmax", [value], { axis: int(layer.axis(axis, shape)) }, shape);
};

export const normalizationRules = { LRN: lrn, MVN: mvn, Softmax: softmax };
