import { isFieldSet } from "@bufbuild/protobuf";
import { float } from "../../../onnx/attributes.ts";
import { float32 } from "../../../onnx/tensor.ts";
import { BatchNormParameterSchema } from "../caffe_pb.ts";
import type { LayerRule } from "../layer-build.ts";
import { scalesChannels } from "./scale.ts";

/**
 * (x - mean) / sqrt(variance + eps) by channel, with the trained statistics. The file has them multiplied by a factor,
 * its third blob. A Scale layer that alone reads the result becomes one operator with it.
 */
const batchNorm: LayerRule = (layer) => {
  const param = layer.defaults(BatchNormParameterSchema, layer.param.batchNormParam);
  const { value, shape } = layer.bottom;
  const channels = shape[1];
  if (typeof channels !== "number") throw layer.error(`needs channels on axis 1 and reads a blob of [${shape}]`);
  if (isFieldSet(param, BatchNormParameterSchema.field.useGlobalStats) && !param.useGlobalStats)
    throw layer.error(
      "normalizes each batch by itself (use_global_stats: false); take the line out, or set it to true",
    );
  const [{ readers }] = layer.tops;
  const isScaled = readers.length === 1 && scalesChannels(readers[0]);
  const [mean, variance, weight, bias] = layer.trained(
    ["mean", "variance", ...(isScaled ? [] : ["weight", "bias"])],
    [[channels], [channels], [1]],
    ([
      means,
      variances,
      {
        data: [factor],
      },
    ]) => {
      const divided = (data: Float32Array) =>
        float32(
          [channels],
          data.map((x) => (factor === 0 ? 0 : x / factor)),
        );
      const statistics = [divided(means.data), divided(variances.data)];
      return isScaled
        ? statistics
        : [...statistics, float32([channels], new Float32Array(channels).fill(1)), float32([channels])];
    },
  );
  if (isScaled) return layer.pass({ value, shape, normalization: { mean, variance, epsilon: param.eps } });
  layer.finish("BatchNormalization", [value, weight, bias, mean, variance], { epsilon: float(param.eps) }, shape);
};

export const batchNormRules = { BatchNorm: batchNorm };
