import { type FloatTensor, float32 } from "../../onnx/tensor.ts";
import type { Masks, Parameters } from "../parameters.ts";

/** How the mean of the shards' parameters becomes what the next round begins with. */
export interface OuterStep {
  /** mu: 0 for none. */
  readonly momentum: number;
  /** eta: 1 to take the mean as it is. */
  readonly rate: number;
}

/**
 * The outer optimizer of DiLoCo (Douillard et al., arXiv 2311.08105, algorithm 1), Nesterov's momentum:
 * d = w - mean(w_i); v' = mu v + d; w' = w - eta (d + mu v').
 * With mu = 0 and eta = 1 that is the mean, local SGD's own (Stich, arXiv 1805.09767, algorithm 1).
 * @param mean of what the shards made of `before`
 * @param masks of connections that stay zero
 */
export function outerStep(
  { momentum, rate }: OuterStep,
  before: Parameters,
  mean: Parameters,
  velocity: Parameters,
  masks: Masks,
): { readonly parameters: Parameters; readonly velocity: Parameters } {
  if (momentum === 0 && rate === 1) return { parameters: mean, velocity };
  const parameters = new Map<string, FloatTensor>();
  const velocities = new Map<string, FloatTensor>();
  for (const [name, { dims, data: w }] of before) {
    const reached = mean.get(name)?.data ?? w;
    const old = velocity.get(name)?.data;
    const mask = masks.get(name)?.data;
    const next = new Float32Array(w.length);
    const v = new Float32Array(momentum === 0 ? 0 : w.length);
    for (let i = 0; i < w.length; i++) {
      if (mask?.[i] === 0) continue;
      const d = w[i] - reached[i];
      const along = momentum * (old?.[i] ?? 0) + d;
      if (momentum !== 0) v[i] = along;
      next[i] = w[i] - rate * (d + momentum * along);
    }
    parameters.set(name, float32(dims, next));
    if (momentum !== 0) velocities.set(name, float32(dims, v));
  }
  return { parameters, velocity: velocities };
}
