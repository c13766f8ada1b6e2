import type { Head } from "../../adoption/heads.ts";

/** What a network gives of what is before its Softmax, LogSoftmax or Sigmoid. */
export function asGiven(values: Float32Array, head: Pick<Head, "kind" | "classes" | "inner">): Float32Array {
  switch (head.kind) {
    case "softmax":
      return logSoftmax(values, head).map(Math.exp);
    case "log-softmax":
      return logSoftmax(values, head);
    case "sigmoid":
      return values.map((z) => 1 / (1 + Math.exp(-z)));
    default:
      return values;
  }
}

/** log softmax(z) of each distribution [classes] of values [..., classes, inner]. */
export function logSoftmax(values: Float32Array, { classes, inner }: Pick<Head, "classes" | "inner">): Float32Array {
  const result = new Float32Array(values.length);
  const size = classes * inner;
  for (let start = 0; start < values.length; start += size) {
    for (let i = start; i < start + inner; i++) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let at = i; at < start + size; at += inner) if (values[at] > largest) largest = values[at];
      let sum = 0;
      for (let at = i; at < start + size; at += inner) sum += Math.exp(values[at] - largest);
      const shift = largest + Math.log(sum);
      for (let at = i; at < start + size; at += inner) result[at] = values[at] - shift;
    }
  }
  return result;
}

/** log(1 + exp(z)), without overflow. */
export const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
