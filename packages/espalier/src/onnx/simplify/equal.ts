import { copyModel, type Model } from "../graph.ts";
import { renamed } from "../rename.ts";
import type { NumericTensor, Tensor } from "../tensor.ts";

/**
 * The names that stand for others with the same contents: `{ other: first }`.
 * @param mayMerge chooses among initializers; default: all
 */
export function equalInitializers(
  initializers: ReadonlyMap<string, Tensor>,
  mayMerge: (name: string, tensor: NumericTensor) => boolean = () => true,
): Map<string, string> {
  const alike = new Map<string, (readonly [name: string, bytes: Uint8Array])[]>();
  const names = new Map<string, string>();
  for (const [name, tensor] of initializers) {
    if (tensor.dtype === "string" || !mayMerge(name, tensor)) continue;
    const { buffer, byteOffset, byteLength } = tensor.data;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const key = `${tensor.dtype}[${tensor.dims}]`;
    const others = alike.get(key);
    const first = others?.find(([, own]) => isSame(own, bytes));
    if (first) names.set(name, first[0]);
    else if (others) others.push([name, bytes]);
    else alike.set(key, [[name, bytes]]);
  }
  return names;
}

/** The model with one initializer in the place of several that are equal. */
export function withEqualMerged(model: Model, names: ReadonlyMap<string, string>): Model {
  if (names.size === 0) return model;
  const changed = copyModel(model);
  changed.nodes = model.nodes.map((node) => renamed(node, names));
  changed.inputs = model.inputs.filter(({ name }) => !names.has(name));
  for (const name of names.keys()) changed.initializers.delete(name);
  return changed;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
