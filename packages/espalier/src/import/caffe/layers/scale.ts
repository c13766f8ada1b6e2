import { float } from "../../../onnx/attributes.ts";
import { float32 } from "../../../onnx/tensor.ts";
import { type Blob, type Normalization, numbers, type Shape } from "../blob.ts";
import { BiasParameterSchema, type LayerParameter, ScaleParameterSchema } from "../caffe_pb.ts";
import type { LayerBuild, LayerRule } from "../layer-build.ts";

/** x * factor + bias; the factor is trained, or a second blob. */
const scale: LayerRule = (layer) => {
  const { axis, numAxes, biasTerm } = layer.defaults(ScaleParameterSchema, layer.param.scaleParam);
  const [x, factor] = oneOrTwo(layer);
  if (x.normalization) return normalizeAndScale(layer, x, x.normalization, biasTerm);
  if (factor) {
    if (biasTerm) throw layer.error("adds a bias to the product of two blobs; put a layer Bias behind it");
    return layer.finish("Mul", [x.value, align(layer, factor, axis)], {}, x.shape);
  }
  const [weight, bias] = trained(layer, biasTerm ? ["weight", "bias"] : ["weight"], axis, numAxes);
  if (!bias) return layer.finish("Mul", [x.value, weight], {}, x.shape);
  layer.finish("Add", [layer.emit("Mul", [x.value, weight]), bias], {}, x.shape);
};

/** x + bias; the bias is trained, or a second blob. */
const bias: LayerRule = (layer) => {
  const { axis, numAxes } = layer.defaults(BiasParameterSchema, layer.param.biasParam);
  const [x, second] = oneOrTwo(layer);
  const added = second ? align(layer, second, axis) : trained(layer, ["bias"], axis, numAxes)[0];
  layer.finish("Add", [x.value, added], {}, x.shape);
};

function oneOrTwo(layer: LayerBuild): readonly [Blob, Blob | undefined] {
  const [first, second, third] = layer.bottoms;
  if (!first || third) throw layer.error(`reads ${layer.bottoms.length} blobs, and one or two can be imported`);
  return [first, second];
}

/** Whether a layer scales channels, so that a BatchNorm layer before it can be one operator with it. */
export function scalesChannels({ type, bottom, scaleParam }: LayerParameter): boolean {
  const { axis, numAxes } = scaleParam ?? { axis: 1, numAxes: 1 };
  return type === "Scale" && bottom.length === 1 && axis === 1 && numAxes === 1;
}

function normalizeAndScale(
  layer: LayerBuild,
  { value, shape }: Blob,
  statistics: Normalization,
  biasTerm: boolean,
): void {
  const channels = numbers(shape.slice(1, 2)) ?? [];
  const parameters = biasTerm
    ? layer.trained(["weight", "bias"], [channels, channels])
    : layer.trained(["weight", "bias"], [channels], ([weight]) => [weight, float32(channels)]);
  const { mean, variance, epsilon } = statistics;
  layer.finish("BatchNormalization", [value, ...parameters, mean, variance], { epsilon: float(epsilon) }, shape);
}

/** Trained tensors over some axes of the first blob, in a shape that broadcasts to it. */
function trained(layer: LayerBuild, names: readonly string[], axis: number, count: number): string[] {
  const { covered, behind } = span(layer, axis, count);
  const dims = numbers(covered);
  if (!dims) throw layer.error("has a weight for each sample of a batch, and a batch has no fixed size here");
  const blobs = names.map(() => dims);
  const shape = [...dims, ...behind.map(() => 1)];
  return layer.trained(names, blobs, (tensors) => tensors.map(({ data }) => float32(shape, data)));
}

/** The second blob in a shape that broadcasts to the first. */
function align(layer: LayerBuild, { value, shape }: Blob, axis: number): string {
  const { covered, behind } = span(layer, axis, shape.length);
  if (covered.join() !== shape.join())
    throw layer.error(`combines blobs of [${covered}] and [${shape}], which must be the same`);
  return behind.length === 0 ? value : layer.emit("Unsqueeze", [value, layer.graph.ints(behind)]);
}

/** So many axes of the first blob from one on, -1: all, and the numbers of the axes behind them. */
function span(layer: LayerBuild, axis: number, count: number): { covered: Shape; behind: number[] } {
  const [{ shape }] = layer.bottoms;
  const from = count === 0 ? 0 : layer.axis(axis, shape);
  const to = count === -1 ? shape.length : from + count;
  if (to > shape.length) throw layer.error(`names ${count} axes from ${from} on of ${shape.length}`);
  const covered = shape.slice(from, to);
  return { covered, behind: shape.slice(to).map((_, i) => covered.length + i) };
}

export const scaleRules = { Scale: scale, Bias: bias };
