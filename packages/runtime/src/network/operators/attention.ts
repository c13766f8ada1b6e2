import { flag, int, optionalFloat, optionalInt, unused } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { stretched, stretches } from "./shapes.ts";
import { BOOL, FLOAT } from "./types.ts";

type Float = Value<"float32">;

/** Heads of a tensor [batch, heads, length, size], or [batch, length, heads x size]. */
interface Heads {
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly size: number;
  /** Where the row of a head begins. */
  at(batch: number, head: number, row: number): number;
}

function headsOf(context: Planning, { dims }: Float, count: number | undefined): Heads {
  if (dims.length === 4) {
    const [batch, heads, length, size] = dims;
    if (count !== undefined && count !== heads) context.wrong(`has ${heads} heads and states ${count}`);
    return { batch, heads, length, size, at: (n, head, row) => ((n * heads + head) * length + row) * size };
  }
  const [batch, length, width] = dims;
  if (dims.length !== 3 || !count || width % count !== 0) context.wrong(`has ${count} heads in [${dims}]`);
  const heads = count ?? 1;
  const size = width / heads;
  return { batch, heads, length, size, at: (n, head, row) => ((n * length + row) * heads + head) * size };
}

/** Keys or values, those of the past before the new ones, as [batch, heads, length, size]. */
function gathered(context: Planning, own: Heads, value: Float, past: Float | undefined, index: number) {
  const { batch, heads, size } = own;
  const before = past ? past.dims[2] : 0;
  if (past && past.dims.join() !== [batch, heads, before, size].join()) {
    context.wrong(`has [${past.dims}] of the past before [${value.dims}]`);
  }
  const length = before + own.length;
  const dims = [batch, heads, length, size];
  const room = new Float32Array(sizeOf(dims));
  const present = context.wants(index) ? context.view(context.output("float32", dims, { index })) : () => room;
  const [view, old] = [context.view(value), past && context.view(past)];
  const fill = () => {
    const [from, to, earlier] = [view(), present(), old?.()];
    for (let n = 0; n < batch; n++) {
      for (let head = 0; head < heads; head++) {
        const start = (n * heads + head) * length * size;
        const first = (n * heads + head) * before * size;
        if (earlier) to.set(earlier.subarray(first, first + before * size), start);
        for (let row = 0; row < own.length; row++) {
          const at = own.at(n, head, row);
          to.set(from.subarray(at, at + size), start + (before + row) * size);
        }
      }
    }
  };
  return { length, fill, view: present };
}

/** What is added to the scores: 0 or minus infinity for a mask of bools, and for places that the mask does not reach. */
function maskOf(context: Planning, mask: Value<"bool" | "float32"> | undefined, dims: readonly number[]) {
  if (!mask) return undefined;
  const reach = mask.dims.at(-1) ?? 1;
  const covered = [...dims.slice(0, -1), reach === 1 ? dims[3] : reach];
  if (covered[3] > dims[3] || !stretches(mask.dims, covered)) context.wrong(`masks [${dims}] by [${mask.dims}]`);
  const places = stretched(mask.dims, covered);
  const view = context.view(mask);
  return (row: number, k: number): number => {
    if (k >= covered[3]) return Number.NEGATIVE_INFINITY;
    const given = view()[places[row * covered[3] + k]];
    if (mask.type === "float32") return given;
    return given ? 0 : Number.NEGATIVE_INFINITY;
  };
}

const inputs = {
  q: needed(FLOAT),
  k: needed(FLOAT),
  v: needed(FLOAT),
  mask: optional([...BOOL, ...FLOAT]),
  pastKeys: optional(FLOAT),
  pastValues: optional(FLOAT),
};

const attributes = {
  is_causal: flag(false),
  q_num_heads: optionalInt(),
  kv_num_heads: optionalInt(),
  qk_matmul_output_mode: int(0),
  scale: optionalFloat(),
  softcap: optionalFloat(),
  // The type in which the softmax is computed: there is one.
  softmax_precision: unused(),
};

/**
 * softmax(scale q k^T + mask) v for each head; several heads of q may share one of k and v. Scores may be held within a
 * cap, as cap tanh(score / cap).
 */
const attention = operator({
  since: 23,
  inputs,
  attributes,
  outputs: 4,
  plan(context): Step {
    const { q, k, v, mask, pastKeys, pastValues } = context.inputs;
    const {
      is_causal: causal,
      q_num_heads,
      kv_num_heads,
      scale,
      softcap: cap,
      qk_matmul_output_mode: mode,
    } = context.attributes;
    const [asking, keyed, valued] = [
      headsOf(context, q, q_num_heads),
      headsOf(context, k, kv_num_heads),
      headsOf(context, v, kv_num_heads),
    ];
    const { batch, heads, length: rows, size } = asking;
    const shared = heads / keyed.heads;
    if (!Number.isInteger(shared) || keyed.size !== size || keyed.batch !== batch || valued.batch !== batch) {
      context.wrong(`asks [${q.dims}] of [${k.dims}]`);
    }
    if (valued.heads !== keyed.heads || valued.length !== keyed.length)
      context.wrong(`has keys [${k.dims}] and values [${v.dims}]`);
    if (!pastKeys !== !pastValues) context.wrong("has not both keys and values of the past");
    // The cap came behind the mask, and then before it.
    if (cap && (mask || causal)) context.refuse("has both a cap and a mask");
    if (context.wants(3) && mode !== 0 && mode !== 3) context.refuse(`gives the scores of the mode ${mode}`);
    const dims = q.dims.length === 4 ? [batch, heads, rows, valued.size] : [batch, rows, heads * valued.size];
    const output = context.view(context.output("float32", dims));
    const keys = gathered(context, keyed, k, pastKeys, 1);
    const values = gathered(context, valued, v, pastValues, 2);
    const { length } = keys;
    // Where a first row stands is not said by all alike.
    if (causal && !pastKeys && length !== rows) context.refuse(`is causal for ${rows} rows of ${length}`);
    const before = length - keyed.length;
    const added = maskOf(context, mask, [batch, heads, rows, length]);
    const shown = context.wants(3)
      ? context.view(context.output("float32", [batch, heads, rows, length], { index: 3 }))
      : undefined;
    const factor = scale ?? 1 / Math.sqrt(size);
    const asked = context.view(q);
    const line = new Float64Array(length);
    return () => {
      keys.fill();
      values.fill();
      const [from, key, value, to, scores] = [asked(), keys.view(), values.view(), output(), shown?.()];
      for (let row = 0; row < batch * heads * rows; row++) {
        const [i, head, n] = [row % rows, Math.floor(row / rows) % heads, Math.floor(row / rows / heads)];
        const start = asking.at(n, head, i);
        const first = (n * keyed.heads + Math.floor(head / shared)) * length;
        for (let j = 0; j < length; j++) {
          let sum = 0;
          for (let d = 0; d < size; d++) sum += from[start + d] * key[(first + j) * size + d];
          line[j] = sum * factor;
        }
        if (mode === 0) scores?.set(line, row * length);
        if (added) for (let j = 0; j < length; j++) line[j] += added(row, j);
        if (causal) for (let j = before + i + 1; j < length; j++) line[j] = Number.NEGATIVE_INFINITY;
        if (cap) for (let j = 0; j < length; j++) line[j] = cap * Math.tanh(line[j] / cap);
        softmax(line);
        if (mode === 3) scores?.set(line, row * length);
        const at = dims.length === 4 ? row * valued.size : ((n * rows + i) * heads + head) * valued.size;
        to.fill(0, at, at + valued.size);
        for (let j = 0; j < length; j++) {
          for (let d = 0; d < valued.size; d++) to[at + d] += line[j] * value[(first + j) * valued.size + d];
        }
      }
    };
  },
});

function softmax(line: Float64Array): void {
  let [most, sum] = [Number.NEGATIVE_INFINITY, 0];
  for (let j = 0; j < line.length; j++) most = Math.max(most, line[j]);
  for (let j = 0; j < line.length; j++) {
    line[j] = Math.exp(line[j] - most);
    sum += line[j];
  }
  for (let j = 0; j < line.length; j++) line[j] /= sum;
}

/** Attention as one operator. */
export const attentionOperators: Operators = { Attention: attention };
