import { int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { codeOf } from "../onnx/dtype.ts";
import { copyModel, type Model, type Node } from "../onnx/graph.ts";
import { withoutDeadParts } from "../onnx/simplify/dead.ts";
import { float32, type NumericTensor } from "../onnx/tensor.ts";
import { permuted } from "../operators/permute.ts";
import type { ScaledTensor } from "../sharing/scaled/scaled.ts";
import { unitsOf } from "./integer-layers.ts";
import { withOwnNames } from "./names.ts";

/**
 * A network whose MatMul and Gemm layers find the codes of what they read in each run (dynamic quantization): in the form
 * of which ONNX Runtime makes DynamicQuantizeMatMul.
 * @param codes of the weights of such layers, by name
 */
export function withDynamic(source: Model, codes: ReadonlyMap<string, ScaledTensor>): Model {
  const model = copyModel(source);
  const graph = new GraphBuilder(model, "d");
  model.nodes = [];
  const seen = new Map<string, readonly string[]>();
  const weights = new Map<string, Factor>();
  for (const node of source.nodes) {
    const [data, weight, bias] = node.inputs;
    const scaled = codes.get(weight ?? "");
    if (!scaled) {
      model.nodes.push(node);
      continue;
    }
    const own = seen.get(data) ?? graph.emitMany("DynamicQuantizeLinear", [data], {}, 3);
    seen.set(data, own);
    const factor = weights.get(weight) ?? emitFactor(graph, node, scaled);
    weights.set(weight, factor);
    const [quantized, scale, zero] = own;
    const whole = graph.fresh("");
    // It keeps the name of the layer, whose weights have none.
    const inputs = [quantized, factor.codes, zero];
    model.nodes.push({ ...node, op: "MatMulInteger", inputs, outputs: [whole], attributes: {} });
    const sums = graph.emit("Cast", [whole], { to: int(codeOf("float32")) }, graph.fresh(""));
    const units = graph.emit("Mul", [scale, factor.scales], {}, graph.fresh(""));
    const product = graph.emit("Mul", [sums, units], {}, bias ? graph.fresh("") : node.outputs[0]);
    if (bias) graph.emit("Add", [product, bias], {}, node.outputs[0]);
  }
  return withOwnNames(withoutDeadParts(model));
}

/** Weights [columns, rows] as codes, and the scale of each row. */
interface Factor {
  readonly codes: string;
  readonly scales: string;
}

function emitFactor(graph: GraphBuilder, node: Node, { dims, codes, scales }: ScaledTensor): Factor {
  const turned = unitsOf(node) === 0;
  const data = Int8Array.from(turned ? permuted(Float32Array.from(codes), dims, [1, 0]) : codes);
  const held: NumericTensor = { dtype: "int8", dims: turned ? dims.toReversed() : dims, data };
  return {
    codes: graph.initializer("", held),
    scales: graph.initializer("", float32(scales.length === 1 ? [] : [scales.length], scales)),
  };
}
