import { UserError } from "../errors.ts";
import { int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model } from "../onnx/graph.ts";
import { type FloatTensor, float32, type NumericTensor } from "../onnx/tensor.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { layersOf } from "../operators/layers.ts";
import { outputAxis } from "../operators/output-axis.ts";

/** The largest code: codes are symmetric around zero. */
const MOST = 127;

/** A network with weights of 8 bits. */
export interface Int8 {
  /** As its file has it: initializers of int8, each behind a DequantizeLinear. */
  readonly file: Model;
  /** The same numbers as float32. ONNX Runtime may round activations behind a DequantizeLinear as well. */
  readonly rounded: Model;
}

/**
 * The weights of all layers as 8-bit whole numbers with one scale for each output channel, as quantizers write them:
 * w = s q, s = max |w| / 127 over the channel, q rounded. Biases and the rest stay float32.
 * @throws UserError where there are no weights
 */
export function int8ByChannel(source: Model): Int8 {
  const [file, rounded] = [copyModel(upgrade(source)), copyModel(upgrade(source))];
  const layers = layersOf(file).filter(({ node, operand, weight }) => node.inputs[operand] === weight);
  if (layers.length === 0) throw new UserError(`The network "${source.name}" has no weights that can be quantized.`);
  const { nodes } = file;
  file.nodes = [];
  const graph = new GraphBuilder(file, "int8/");
  for (const { outputs } of nodes) for (const output of outputs) graph.reserve(output);
  for (const layer of layers) {
    const { weight } = layer;
    const axis = outputAxis(layer, layer.tensor.dims.length);
    const { codes, scales, values } = quantized(layer.tensor, axis);
    rounded.initializers.set(weight, values);
    file.initializers.delete(weight);
    const inputs = [graph.initializer(weight, codes), graph.initializer(`${weight}/scale`, scales)];
    graph.emit("DequantizeLinear", inputs, { axis: int(axis) }, weight);
  }
  file.nodes.push(...nodes);
  file.inputs = file.inputs.filter(({ name }) => !layers.some(({ weight }) => weight === name));
  return { file, rounded };
}

function quantized({ dims, data }: FloatTensor, axis: number) {
  const channels = dims[axis];
  const inner = dims.slice(axis + 1).reduce((size, dim) => size * dim, 1);
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const scales = new Float32Array(channels);
  for (const [i, weight] of data.entries()) scales[channelOf(i)] = Math.max(scales[channelOf(i)], Math.abs(weight));
  // A channel of zeros has any scale.
  for (const [channel, most] of scales.entries()) scales[channel] = most === 0 ? 1 : most / MOST;
  const codes = Int8Array.from(data, (weight, i) => Math.round(weight / scales[channelOf(i)]));
  const values = Float32Array.from(codes, (code, i) => code * scales[channelOf(i)]);
  const stored: NumericTensor = { dtype: "int8", dims, data: codes };
  return { codes: stored, scales: float32([channels], scales), values: float32(dims, values) };
}
