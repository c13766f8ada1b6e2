import { UserError } from "../../errors.ts";
import { int, ints } from "../attributes.ts";
import { gatesOf } from "../recurrent.ts";
import { float32 } from "../tensor.ts";
import { type Initializer, normal, uniform } from "./initializers.ts";
import type { LayerBuilder, LayerContext } from "./layers.ts";

/** The recurrent operators of ONNX. */
export type RecurrentOp = "LSTM" | "GRU" | "RNN";

/** Looks tokens up in a table [tokens, size]: [steps] -> [steps, size]. */
export function embedding(count: number, size: number, options: { readonly name?: string } = {}): LayerBuilder {
  return ({ value, shape }, { graph, seed, name }) => {
    const own = name(options.name, "embedding");
    if (shape.length !== 1) throw new UserError(`Layer "${own}" needs [steps] and gets [${shape}]: put it first.`);
    const table = graph.initializer(`${own}.weight`, normal(0.1)([count, size], seed, `${own}.weight`));
    return { value: graph.emit("Gather", [table, value], {}, own), shape: [...shape, size] };
  };
}

/**
 * Recurrent layers one above the other: [steps, size] -> [steps, hidden], or [hidden], the last step's, where only that
 * is wanted. Weights are ONNX's: W [1, gates x hidden, inputs], R [1, gates x hidden, hidden], B [1, 2 x gates x hidden].
 * @param depth how many layers
 * @param between goes between one layer and the next: dropout, say
 */
export function recurrent(
  op: RecurrentOp,
  hidden: number,
  depth: number,
  { last = false, between }: { readonly last?: boolean; readonly between?: LayerBuilder } = {},
): LayerBuilder {
  return (input, context) => {
    const { graph, name } = context;
    if (input.shape.length !== 2) {
      throw new UserError(
        `A recurrent layer needs [steps, size] and gets [${input.shape}]: put embedding() before it.`,
      );
    }
    const [steps, size] = input.shape;
    let value = graph.emit("Transpose", [input.value], { perm: ints([1, 0, 2]) });
    let final = value;
    for (let i = 0; i < depth; i++) {
      if (i > 0 && between) value = between({ value, shape: [steps, hidden] }, context).value;
      const own = name(undefined, op.toLowerCase());
      const parameters = weights(op, own, hidden, i === 0 ? size : hidden, context);
      const attributes = { hidden_size: int(hidden), ...(op === "GRU" ? { linear_before_reset: int(1) } : {}) };
      const all = graph.fresh(own);
      final = graph.fresh(`${own}/last`);
      graph.model.nodes.push({
        name: own,
        op,
        domain: "",
        inputs: [value, ...parameters],
        outputs: last && i === depth - 1 ? ["", final] : [all],
        attributes,
      });
      if (!(last && i === depth - 1)) value = graph.emit("Squeeze", [all, graph.ints([1])]);
    }
    if (last) return { value: graph.emit("Squeeze", [final, graph.ints([0])]), shape: [hidden] };
    return { value: graph.emit("Transpose", [value], { perm: ints([1, 0, 2]) }), shape: [steps, hidden] };
  };
}

/** Uniform in +-1/sqrt(hidden); the forget gates of an LSTM begin open (Jozefowicz et al., ICML 2015). */
function weights(op: RecurrentOp, name: string, hidden: number, size: number, { graph, seed }: LayerContext) {
  const rows = Math.max(1, gatesOf({ op }).length) * hidden;
  const initial: Initializer = (dims, ...which) => uniform(dims, 1 / Math.sqrt(hidden), ...which);
  const make = (suffix: string, dims: readonly number[]) =>
    graph.initializer(`${name}.${suffix}`, initial(dims, seed, `${name}.${suffix}`));
  const bias = float32([1, 2 * rows]);
  if (op === "LSTM") bias.data.fill(1, 2 * hidden, 3 * hidden);
  return [make("W", [1, rows, size]), make("R", [1, rows, hidden]), graph.initializer(`${name}.B`, bias)];
}
