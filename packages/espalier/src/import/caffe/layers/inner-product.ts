import { int } from "../../../onnx/attributes.ts";
import { sizeOf } from "../../../onnx/tensor.ts";
import { BATCH, numbers } from "../blob.ts";
import { InnerProductParameterSchema } from "../caffe_pb.ts";
import type { LayerRule } from "../layer-build.ts";
import { named } from "./convolution.ts";
import { targetOf } from "./shape.ts";

/** Fully connected: all axes from the given one on are flattened; weights [outputs, inputs], or the other way round. */
const innerProduct: LayerRule = (layer) => {
  const param = layer.defaults(InnerProductParameterSchema, layer.param.innerProductParam);
  const { numOutput: outputs, biasTerm, transpose } = param;
  const { value, shape } = layer.bottom;
  const axis = layer.axis(param.axis, shape);
  const flattened = numbers(shape.slice(axis));
  if (axis === 0 || !flattened)
    throw layer.error("takes the samples of a batch together, and a batch has no fixed size here");
  const inputs = sizeOf(flattened);
  const weights = transpose ? [inputs, outputs] : [outputs, inputs];
  const parameters = layer.trained(...named(weights, outputs, biasTerm));
  const rows = shape.length === 2 ? value : layer.emit("Flatten", [value], { axis: int(axis) });
  const product = [rows, ...parameters];
  const attributes = { transB: int(transpose ? 0 : 1) };
  const result = [...shape.slice(0, axis), outputs];
  if (axis === 1) return layer.finish("Gemm", product, attributes, [BATCH, outputs]);
  layer.finish("Reshape", [layer.emit("Gemm", product, attributes), layer.graph.ints(targetOf(result))], {}, result);
};

export const innerProductRules = { InnerProduct: innerProduct };
