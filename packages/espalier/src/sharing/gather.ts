import { int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { codeOf } from "../onnx/dtype.ts";
import { type Model, removeInitializer } from "../onnx/graph.ts";
import { float32, type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { type Sharing, withShared } from "./share.ts";
import { type SharedTensor, zeroCode } from "./shared.ts";

/**
 * The network with its shared tensors as codes and codebooks, from which nodes of plain ONNX make the tensors when a
 * runtime loads it. A code is a byte: of every element, or, where that takes less, of the elements that are not zero,
 * with a byte for the distance from each to the next. It computes what the network with its values written out does, to
 * the bit; behind DequantizeLinear, ONNX Runtime would quantize more than it was given.
 */
export function withGather(source: Model, sharing: Sharing): Model {
  const model = upgrade(withShared(source, sharing));
  const { nodes } = model;
  model.nodes = [];
  const graph = new GraphBuilder(model, "shared/");
  for (const { outputs } of nodes) for (const output of outputs) graph.reserve(output);
  for (const [name, shared] of sharing) {
    // So short a list is smaller written out.
    if (shared.codes.length <= 2 * shared.values.length) continue;
    removeInitializer(model, name);
    const relative = relativeTo(shared);
    const sparse = relative !== undefined && 2 * relative.codes.length < shared.codes.length;
    if (sparse) scattered(graph, name, shared, relative);
    else gathered(graph, name, shared);
  }
  model.nodes.push(...nodes);
  return model;
}

const to = (dtype: "int32") => ({ to: int(codeOf(dtype)) });
const uint8s = (data: Uint8Array, dims: readonly number[] = [data.length]): NumericTensor => {
  return { dtype: "uint8", dims, data };
};

/** values[codes]. */
function gathered(graph: GraphBuilder, name: string, { dims, values, codes }: SharedTensor): void {
  const table = graph.initializer(`${name}/values`, float32([values.length], values));
  const indices = graph.emit("Cast", [graph.initializer(`${name}/codes`, uint8s(codes, dims))], to("int32"));
  graph.emit("Gather", [table, indices], {}, name);
}

/** values[codes] put at the running sums of the distances, among zeros. */
function scattered(graph: GraphBuilder, name: string, { dims, values }: SharedTensor, relative: Relative): void {
  const bytes = (hint: string, data: Uint8Array) =>
    graph.emit("Cast", [graph.initializer(`${name}/${hint}`, uint8s(data))], to("int32"));
  const positions = graph.emit("CumSum", [bytes("distances", relative.distances), graph.scalar("int64", 0)]);
  const table = graph.initializer(`${name}/values`, float32([values.length], values));
  const weights = graph.emit("Gather", [table, bytes("codes", relative.codes)]);
  const zeros = graph.emit("ConstantOfShape", [graph.ints([sizeOf(dims)])]);
  const flat = graph.emit("ScatterElements", [zeros, positions, weights]);
  graph.emit("Reshape", [flat, graph.ints(dims)], {}, name);
}

/** The elements that are not zero, each with its distance from the one before. */
interface Relative {
  readonly distances: Uint8Array;
  readonly codes: Uint8Array;
}

const FARTHEST = 255;

/** Relative indices (Han et al., arXiv 1510.00149, figure 2): where a distance is too far for a byte, a zero fills in. */
function relativeTo(shared: SharedTensor): Relative | undefined {
  const zero = zeroCode(shared);
  if (zero < 0) return undefined;
  const distances: number[] = [];
  const codes: number[] = [];
  let at = 0;
  for (let i = 0; i < shared.codes.length; i++) {
    if (shared.codes[i] === zero) continue;
    for (; i - at > FARTHEST; at += FARTHEST) {
      distances.push(FARTHEST);
      codes.push(zero);
    }
    distances.push(i - at);
    codes.push(shared.codes[i]);
    at = i;
  }
  return { distances: Uint8Array.from(distances), codes: Uint8Array.from(codes) };
}
