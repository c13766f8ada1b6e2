import { isFieldSet } from "@bufbuild/protobuf";
import { int } from "../../../onnx/attributes.ts";
import { numbers } from "../blob.ts";
import { ConcatParameterSchema, EltwiseParameterSchema, EltwiseParameter_EltwiseOp as Operation } from "../caffe_pb.ts";
import type { LayerBuild, LayerRule } from "../layer-build.ts";

const OPERATORS = { [Operation.SUM]: "Add", [Operation.PROD]: "Mul", [Operation.MAX]: "Max" };

/** Sum (with a coefficient for each blob), product or maximum of blobs of one shape. */
const eltwise: LayerRule = (layer) => {
  const { operation, coeff } = layer.defaults(EltwiseParameterSchema, layer.param.eltwiseParam);
  const bottoms = atLeastTwo(layer);
  const [{ shape }] = bottoms;
  const other = bottoms.find((bottom) => bottom.shape.join() !== shape.join());
  if (other) throw layer.error(`combines blobs of [${shape}] and [${other.shape}], which must be of one shape`);
  if (coeff.length > 0 && (operation !== Operation.SUM || coeff.length !== bottoms.length))
    throw layer.error(`has ${coeff.length} of coeff: only sums have them, one for each blob`);
  const [first, ...others] = bottoms.map(({ value }, i) =>
    (coeff[i] ?? 1) === 1 ? value : layer.emit("Mul", [value, layer.scalar(coeff[i])]),
  );
  const last = others.pop() ?? "";
  const before = others.reduce((sum, term) => layer.emit(OPERATORS[operation], [sum, term]), first);
  layer.finish(OPERATORS[operation], [before, last], {}, shape);
};

/** Blobs behind one another along an axis. */
const concat: LayerRule = (layer) => {
  const param = layer.defaults(ConcatParameterSchema, layer.param.concatParam);
  const { bottoms } = layer;
  const shapes = bottoms.map(({ shape }) => shape);
  const [shape] = shapes;
  if (!shape) throw layer.error("reads no blobs");
  const axis = layer.axis(
    isFieldSet(param, ConcatParameterSchema.field.concatDim) ? param.concatDim : param.axis,
    shape,
  );
  const lengths = numbers(shapes.map((one) => one[axis] ?? 0));
  if (!lengths) throw layer.error("joins batches, and a batch has no fixed size here");
  if (shapes.some((one) => one.toSpliced(axis, 1).join() !== shape.toSpliced(axis, 1).join()))
    throw layer.error(`joins blobs of [${shapes.join("], [")}], which may differ in axis ${axis} only`);
  const length = lengths.reduce((sum, one) => sum + one, 0);
  const values = bottoms.map(({ value }) => value);
  layer.finish("Concat", values, { axis: int(axis) }, shape.with(axis, length));
};

function atLeastTwo(layer: LayerBuild) {
  if (layer.bottoms.length < 2) throw layer.error(`reads ${layer.bottoms.length} blobs and needs two or more`);
  return layer.bottoms;
}

export const combineRules = { Eltwise: eltwise, Concat: concat };
