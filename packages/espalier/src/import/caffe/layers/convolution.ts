import { type Attributes, int, ints } from "../../../onnx/attributes.ts";
import { BATCH } from "../blob.ts";
import { ConvolutionParameterSchema } from "../caffe_pb.ts";
import type { LayerBuild, LayerRule } from "../layer-build.ts";
import { perAxis, windowOf } from "./window.ts";

/** Convolution: weights [outputs, inputs / group, ...kernel]. */
const convolution: LayerRule = (layer) => {
  const { value, channels, size, outputs, group, bias, kernel, stride, pad, dilation, attributes } = read(layer);
  const parameters = layer.trained(...named([outputs, channels / group, ...kernel], outputs, bias));
  const reach = kernel.map((k, i) => dilation[i] * (k - 1) + 1);
  const places = size.map((n, i) => Math.floor((n + 2 * pad[i] - reach[i]) / stride[i]) + 1);
  layer.finish("Conv", [value, ...parameters], attributes, [BATCH, outputs, ...places]);
};

/** Deconvolution: weights [inputs, outputs / group, ...kernel]. */
const deconvolution: LayerRule = (layer) => {
  const { value, channels, size, outputs, group, bias, kernel, stride, pad, dilation, attributes } = read(layer);
  const parameters = layer.trained(...named([channels, outputs / group, ...kernel], outputs, bias));
  const places = size.map((n, i) => stride[i] * (n - 1) + dilation[i] * (kernel[i] - 1) + 1 - 2 * pad[i]);
  layer.finish("ConvTranspose", [value, ...parameters], attributes, [BATCH, outputs, ...places]);
};

function read(layer: LayerBuild) {
  const param = layer.defaults(ConvolutionParameterSchema, layer.param.convolutionParam);
  const { numOutput: outputs, group, biasTerm: bias } = param;
  const { value, channels, size } = layer.image;
  const axes = size.length;
  if (layer.axis(param.axis, layer.bottom.shape) !== 1)
    throw layer.error(`has its channels on axis ${param.axis}, not 1`);
  if (!(group >= 1) || channels % group !== 0 || outputs % group !== 0)
    throw layer.error(`cannot split ${channels} inputs and ${outputs} outputs into ${group} groups`);
  const window = windowOf(layer, axes, { ...param, kernel: param.kernelSize });
  const dilation = perAxis(layer, "dilation", axes, param.dilation.length > 0 ? param.dilation : [1]);
  if (dilation.includes(0)) throw layer.error("has a dilation of 0");
  const attributes: Attributes = {
    kernel_shape: ints(window.kernel),
    strides: ints(window.stride),
    pads: ints([...window.pad, ...window.pad]),
    dilations: ints(dilation),
    group: int(group),
  };
  return { value, channels, size, outputs, group, bias, ...window, dilation, attributes };
}

/** The names and shapes of a layer's weights and, where it has them, biases. */
export function named(weights: readonly number[], outputs: number, bias: boolean): [string[], (readonly number[])[]] {
  return bias
    ? [
        ["weight", "bias"],
        [weights, [outputs]],
      ]
    : [["weight"], [weights]];
}

export const convolutionRules = {
  Convolution: convolution,
  // Forks have types of their own for convolutions with as many groups as channels.
  DepthwiseConvolution: convolution,
  Deconvolution: deconvolution,
};
