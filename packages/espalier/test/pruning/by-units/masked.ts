import { GraphBuilder } from "../../../src/onnx/builder.ts";
import { copyModel, type Model } from "../../../src/onnx/graph.ts";
import { copyOf, float32, isFloat32 } from "../../../src/onnx/tensor.ts";
import type { Axis } from "../../../src/operators/units.ts";
import type { Anatomy } from "../../../src/pruning/by-units/anatomy.ts";

/**
 * The whole network with what some units hold multiplied by zero wherever it is read, node by node: what a network
 * without them computes, found in another way.
 */
export function masked(model: Model, { typed, flow }: Anatomy, removed: ReadonlySet<number>): Model {
  const changed = copyModel(model);
  const graph = new GraphBuilder(changed);
  const nodes = changed.nodes.splice(0);
  for (const node of nodes) {
    const links = [...flow.links].find(([{ outputs }]) => outputs.join() === node.outputs.join())?.[1] ?? {};
    const inputs = [...node.inputs];
    const axes = [
      ...(links.products ?? []).flatMap(({ reads }) => reads.map(({ units }) => units)),
      ...(links.sums ?? []).map(([first]) => first),
    ];
    for (const axis of axes) {
      const cut = (flow.units.of(axis) ?? []).map((unit) => removed.has(unit));
      if (!cut.includes(true)) continue;
      const at = node.inputs.indexOf(axis.value);
      if (at >= 0) inputs[at] = graph.emit("Mul", [inputs[at], graph.initializer("mask", maskOf(axis, cut))]);
      else cutStates(changed, node.inputs[2], cut);
    }
    changed.nodes.push({ ...node, inputs });
  }
  return changed;

  function maskOf({ value, axis }: Axis, cut: readonly boolean[]) {
    const known = [...typed.inputs, ...typed.values.values(), ...typed.outputs].find(({ name }) => name === value);
    const after = (known?.shape.length ?? 0) - axis - 1;
    const dims = [cut.length, ...Array.from({ length: after }, () => 1)];
    return float32(
      dims,
      Float32Array.from(cut, (one) => (one ? 0 : 1)),
    );
  }
}

/** What a recurrent layer reads of its own states is inside it: the columns of R. */
function cutStates(model: Model, name: string, cut: readonly boolean[]): void {
  const tensor = model.initializers.get(name);
  if (!isFloat32(tensor)) throw new Error(`${name} has no states.`);
  const own = copyOf(tensor);
  for (let i = 0; i < own.data.length; i++) if (cut[i % cut.length]) own.data[i] = 0;
  model.initializers.set(name, own);
}
