import type { Model } from "../onnx/graph.ts";
import { parametersOf, trainableParameters } from "../training/parameters.ts";
import type { Sharing } from "./share.ts";
import { inOrder, MOST_BITS, type SharedTensor } from "./shared.ts";

/** The parameters of a network that have few distinct values already, as those of one that was shared before. */
export function sharingOf(model: Model): Sharing {
  const found = new Map<string, SharedTensor>();
  for (const [name, { dims, data }] of parametersOf(model, trainableParameters(model))) {
    const shared = codebookOf(dims, data);
    if (shared) found.set(name, shared);
  }
  return found;
}

/** The codebook of a tensor, or undefined where it has more values than codes can tell apart. */
function codebookOf(dims: readonly number[], data: Float32Array): SharedTensor | undefined {
  const codeOf = new Map<number, number>();
  const codes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const known = codeOf.get(data[i]);
    if (known === undefined && codeOf.size === 2 ** MOST_BITS) return undefined;
    codes[i] = known ?? codeOf.size;
    if (known === undefined) codeOf.set(data[i], codes[i]);
  }
  return inOrder({ dims, values: Float32Array.from(codeOf.keys()), codes });
}
