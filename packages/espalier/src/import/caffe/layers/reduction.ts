import { isFieldSet } from "@bufbuild/protobuf";
import { int } from "../../../onnx/attributes.ts";
import { codeOf } from "../../../onnx/dtype.ts";
import { BATCH, numbers } from "../blob.ts";
import {
  ArgMaxParameterSchema,
  ReductionParameter_ReductionOp as Reduction,
  ReductionParameterSchema,
} from "../caffe_pb.ts";
import type { LayerRule } from "../layer-build.ts";

const OPERATORS = {
  [Reduction.SUM]: "ReduceSum",
  [Reduction.ASUM]: "ReduceL1",
  [Reduction.SUMSQ]: "ReduceSumSquare",
  [Reduction.MEAN]: "ReduceMean",
};

/** One number for all that lies on the axes from the given one on. */
const reduction: LayerRule = (layer) => {
  const { operation, axis, coeff } = layer.defaults(ReductionParameterSchema, layer.param.reductionParam);
  const { value, shape } = layer.bottom;
  const from = layer.axis(axis, shape);
  if (!numbers(shape.slice(from))) throw layer.error("reduces the batch, which has no fixed size here");
  const axes = layer.graph.ints(shape.slice(from).map((_, i) => from + i));
  const [op, inputs, attributes] = [OPERATORS[operation], [value, axes], { keepdims: int(0) }];
  const result = shape.slice(0, from);
  if (coeff === 1) return layer.finish(op, inputs, attributes, result);
  layer.finish("Mul", [layer.emit(op, inputs, attributes), layer.scalar(coeff)], {}, result);
};

/** The place of the largest number, as a number: along an axis, or in each sample. */
const argMax: LayerRule = (layer) => {
  const param = layer.defaults(ArgMaxParameterSchema, layer.param.argmaxParam);
  const { value, shape } = layer.bottom;
  if (param.outMaxVal || param.topK !== 1)
    throw layer.error("gives more than the place of the largest number (top_k, out_max_val)");
  const along = isFieldSet(param, ArgMaxParameterSchema.field.axis) ? layer.axis(param.axis, shape) : undefined;
  if (along === 0 || shape[0] !== BATCH) throw layer.error("compares samples of a batch, which has no fixed size here");
  // Without an axis each sample is flattened and the result is [batch, 1, 1].
  const from = along === undefined ? layer.emit("Reshape", [value, layer.graph.ints([0, 1, -1])]) : value;
  const places = layer.emit("ArgMax", [from], { axis: int(along ?? 2) });
  layer.finish(
    "Cast",
    [places],
    { to: int(codeOf("float32")) },
    along === undefined ? [BATCH, 1, 1] : shape.with(along, 1),
  );
};

export const reductionRules = { Reduction: reduction, ArgMax: argMax };
