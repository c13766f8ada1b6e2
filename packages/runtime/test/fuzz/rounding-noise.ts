import { copyModel, type Model, type Node } from "../../../espalier/src/onnx/graph.ts";
import { float32, type NumericTensor } from "../../../espalier/src/onnx/tensor.ts";
import type { Random } from "../../../espalier/src/random.ts";

/** About four units in the last place of a float32. */
const NOISE = 2 ** -22;

/**
 * The network with every value that is read changed by about its last place, as two right runtimes differ: what that
 * does to the outputs is what they may differ by. A sum whose terms cancel, say, has no more digits than that.
 * @param known values with their elements
 */
export function withRoundingNoise(
  model: Model,
  known: readonly { readonly name: string; readonly tensor: NumericTensor }[],
  random: Random,
): Model {
  const noisy = copyModel(model);
  const tensors = new Map(known.map(({ name, tensor }) => [name, tensor]));
  const names = new Map<string, string>();
  const nodes: Node[] = [];
  const disturb = (name: string): void => {
    const tensor = tensors.get(name);
    if (tensor?.dtype !== "float32" || names.has(name)) return;
    const factors = Float32Array.from(
      { length: tensor.data.length },
      () => 1 + (random.uniform() < 0.5 ? NOISE : -NOISE),
    );
    noisy.initializers.set(`${name}/factors`, float32(tensor.dims, factors));
    const changed = `${name}/noisy`;
    nodes.push({
      name: changed,
      op: "Mul",
      domain: "",
      inputs: [name, `${name}/factors`],
      outputs: [changed],
      attributes: {},
    });
    names.set(name, changed);
  };
  for (const { name } of model.inputs) disturb(name);
  for (const node of model.nodes) {
    nodes.push({ ...node, inputs: node.inputs.map((name) => names.get(name) ?? name) });
    for (const name of node.outputs) disturb(name);
  }
  noisy.nodes = nodes;
  return noisy;
}
