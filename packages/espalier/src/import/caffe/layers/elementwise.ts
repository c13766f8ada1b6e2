import { float, int } from "../../../onnx/attributes.ts";
import { codeOf } from "../../../onnx/dtype.ts";
import { float32 } from "../../../onnx/tensor.ts";
import {
  ClipParameterSchema,
  DropoutParameterSchema,
  ELUParameterSchema,
  ExpParameterSchema,
  LogParameterSchema,
  PowerParameterSchema,
  PReLUParameterSchema,
  ReLUParameterSchema,
  SwishParameterSchema,
  ThresholdParameterSchema,
} from "../caffe_pb.ts";
import type { LayerBuild, LayerRule } from "../layer-build.ts";
import { affine, chain, type Step } from "./chain.ts";

const steps =
  (of: (layer: LayerBuild) => readonly Step[]): LayerRule =>
  (layer) =>
    chain(layer, of(layer));

const plain = (op: string) => steps(() => [{ op }]);

/** max(x, 0) + slope * min(x, 0). */
const relu = steps((layer) => {
  const { negativeSlope } = layer.defaults(ReLUParameterSchema, layer.param.reluParam);
  return [negativeSlope === 0 ? { op: "Relu" } : { op: "LeakyRelu", attributes: { alpha: float(negativeSlope) } }];
});

/** (shift + scale * x)^power. */
const power = steps((layer) => {
  const { power, scale, shift } = layer.defaults(PowerParameterSchema, layer.param.powerParam);
  return [...affine(scale, shift), ...(power === 1 ? [] : [{ op: "Pow", constants: [power] }])];
});

/** base^(shift + scale * x). */
const exp = steps((layer) => {
  const { base, scale, shift } = layer.defaults(ExpParameterSchema, layer.param.expParam);
  const log = logOf(layer, base);
  return [...affine(scale * log, shift * log), { op: "Exp" }];
});

/** log_base(shift + scale * x). */
const log = steps((layer) => {
  const { base, scale, shift } = layer.defaults(LogParameterSchema, layer.param.logParam);
  return [...affine(scale, shift), { op: "Log" }, ...affine(1 / logOf(layer, base), 0)];
});

/** The natural logarithm of a base; -1 stands for e. */
function logOf(layer: LayerBuild, base: number): number {
  if (base === -1) return 1;
  if (!(base > 0 && base !== 1))
    throw layer.error(`has the base ${base}, which must be above 0 and not 1, or -1 for e`);
  return Math.log(base);
}

/** x > threshold ? 1 : 0. */
const threshold = steps((layer) => {
  const { threshold } = layer.defaults(ThresholdParameterSchema, layer.param.thresholdParam);
  return [
    { op: "Greater", constants: [threshold] },
    { op: "Cast", attributes: { to: int(codeOf("float32")) } },
  ];
});

const elu = steps((layer) => {
  const { alpha } = layer.defaults(ELUParameterSchema, layer.param.eluParam);
  return [{ op: "Elu", attributes: { alpha: float(alpha) } }];
});

const clip = steps((layer) => {
  const { min, max } = layer.defaults(ClipParameterSchema, layer.param.clipParam);
  return [{ op: "Clip", constants: [min, max] }];
});

/** Does nothing but in training; the ratio is kept for retraining. */
const dropout = steps((layer) => {
  const { dropoutRatio } = layer.defaults(DropoutParameterSchema, layer.param.dropoutParam);
  if (!(dropoutRatio >= 0 && dropoutRatio < 1))
    throw layer.error(`has the dropout_ratio ${dropoutRatio}: it must be from 0 to below 1`);
  return [{ op: "Dropout", constants: [dropoutRatio] }];
});

/** x * sigmoid(beta * x). */
const swish: LayerRule = (layer) => {
  const { beta } = layer.defaults(SwishParameterSchema, layer.param.swishParam);
  const { value, shape } = layer.bottom;
  const scaled = beta === 1 ? value : layer.emit("Mul", [value, layer.scalar(beta)]);
  layer.finish("Mul", [value, layer.emit("Sigmoid", [scaled])], {}, shape);
};

/** A slope for each channel, or one for all. */
const prelu: LayerRule = (layer) => {
  const { channelShared } = layer.defaults(PReLUParameterSchema, layer.param.preluParam);
  const { value, shape } = layer.bottom;
  const channels = shape[1];
  if (typeof channels !== "number") throw layer.error(`needs channels on axis 1 and reads a blob of [${shape}]`);
  const dims = channelShared ? [1] : [channels, ...shape.slice(2).map(() => 1)];
  const slopes = layer.trained(["weight"], [channelShared ? [] : [channels]], ([{ data }]) => [float32(dims, data)]);
  layer.finish("PRelu", [value, ...slopes], {}, shape);
};

export const elementwiseRules = {
  AbsVal: plain("Abs"),
  BNLL: plain("Softplus"),
  Clip: clip,
  Dropout: dropout,
  ELU: elu,
  Exp: exp,
  Log: log,
  Power: power,
  PReLU: prelu,
  ReLU: relu,
  ReLU6: steps(() => [{ op: "Clip", constants: [0, 6] }]),
  Sigmoid: plain("Sigmoid"),
  Swish: swish,
  TanH: plain("Tanh"),
  Threshold: threshold,
};
