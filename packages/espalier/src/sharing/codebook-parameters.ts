import { int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { codeOf } from "../onnx/dtype.ts";
import { copyModel, type Model, removeInitializer } from "../onnx/graph.ts";
import { float32, type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { upgrade } from "../onnx/upgrade.ts";
import type { Parameters } from "../training/parameters.ts";
import type { Sharing } from "./share.ts";
import { inOrder, type SharedTensor } from "./shared.ts";

/** A network whose parameters are codebooks, so that training it trains these. */
export interface Trainable {
  readonly model: Model;
  /** What training made of the codebooks, and the parameters that were not shared. */
  read(trained: Parameters): { readonly sharing: Sharing; readonly others: Parameters };
}

/** A codebook in a network: the name of its parameter, and the codebook that the trained parameter stands for. */
interface Site {
  readonly parameter: string;
  read(values: Float32Array): SharedTensor;
}

/**
 * Rewrites a network so that its shared tensors are looked up in their codebooks: reverse mode then sums the gradient of
 * each value over the weights that have it (Han et al., arXiv 1510.00149, section 3.3). The codes are data, as a mask
 * is. Zero is not part of what is trained, so that cut connections stay cut; of a uniform codebook its step is trained.
 */
export function trainable(source: Model, sharing: Sharing): Trainable {
  const model = copyModel(upgrade(source));
  const { nodes } = model;
  model.nodes = [];
  const graph = new GraphBuilder(model, "codebook/");
  for (const { outputs } of nodes) for (const output of outputs) graph.reserve(output);
  const sites = new Map<string, Site>();
  for (const [name, shared] of sharing) {
    if (shared.values.every((v) => v === 0)) continue;
    removeInitializer(model, name);
    sites.set(name, lookUp(graph, name, shared));
  }
  model.nodes.push(...nodes);
  return {
    model,
    read(trained) {
      const found = new Map(sharing);
      const others = new Map(trained);
      for (const [name, { parameter, read }] of sites) {
        const values = trained.get(parameter)?.data;
        if (values) found.set(name, read(values));
        others.delete(parameter);
      }
      return { sharing: found, others };
    },
  };
}

/** Adds the nodes that make a tensor of its codes, under the name that the network reads. */
function lookUp(graph: GraphBuilder, name: string, shared: SharedTensor): Site {
  const { dims, values, codes, step } = shared;
  const trained = [...values.keys()].filter((code) => values[code] !== 0);
  const rank = values.map((_, code) => trained.indexOf(code));
  const live = Int32Array.from(codes.keys()).filter((i) => values[codes[i]] !== 0);
  const ranks = Int32Array.from(live, (i) => rank[codes[i]]);

  const { table, parameter, read } = step === undefined ? codebook() : multiples(step);
  const weights = graph.emit("GatherElements", [table, graph.initializer(`${name}/codes`, int32s(ranks))]);
  const shape = graph.ints(dims);
  if (live.length === codes.length) graph.emit("Reshape", [weights, shape], {}, name);
  else {
    const zeros = graph.emit("ConstantOfShape", [graph.ints([sizeOf(dims)])]);
    const positions = graph.initializer(`${name}/positions`, int32s(live));
    graph.emit("Reshape", [graph.emit("ScatterElements", [zeros, positions, weights]), shape], {}, name);
  }
  return { parameter, read };

  function codebook() {
    const parameter = graph.initializer(
      name,
      float32(
        [trained.length],
        Float32Array.from(trained, (c) => values[c]),
      ),
    );
    const read = (found: Float32Array) =>
      inOrder({ ...shared, values: values.map((_, code) => (rank[code] < 0 ? 0 : found[rank[code]])) });
    return { table: parameter, parameter, read };
  }

  function multiples(step: number) {
    const parameter = graph.initializer(name, float32([1], Float32Array.of(step)));
    const whole = values.map((v) => Math.round(v / step));
    const factors = Int32Array.from(trained, (code) => whole[code]);
    const column: NumericTensor = { dtype: "int32", dims: [factors.length, 1], data: factors };
    const multiplied = graph.initializer(`${name}/multiples`, column);
    // A single number that Mul multiplies by would be taken for a constant of a formula.
    const table = graph.emit("MatMul", [graph.emit("Cast", [multiplied], { to: int(codeOf("float32")) }), parameter]);
    const read = ([step]: Float32Array) => inOrder({ ...shared, values: whole.map((factor) => factor * step), step });
    return { table, parameter, read };
  }
}

const int32s = (data: Int32Array): NumericTensor => ({ dtype: "int32", dims: [data.length], data });
