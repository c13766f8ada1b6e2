import { int } from "../onnx/attributes.ts";
import { as, B, CELL, INITIAL, joined, type Layer, layersOf, R, refuse, W, X } from "./recurrent-layer.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/** What a kind of layer tells of its gradients, z = x W^T + h R^T + b being what goes into its gates. */
export interface LayerGradient {
  /** d(loss)/d(x W^T + b), [T B, G H]. */
  readonly input: string;
  /** d(loss)/d(h R^T + b) by rows of R, [T B, rows], each with the states [T B, H] that those rows meet. */
  readonly recurrent: readonly { readonly gradient: string; readonly states: string }[];
  /** d(loss)/d(the state, and the cell, before the first step), [B, H]. */
  readonly initial: readonly string[];
}

/**
 * Backpropagation through time. What the gates were is computed again, for all steps at once, since the states before
 * each step are known: only the gradient of the state itself goes from step to step. The products with inputs, weights
 * and states are then again one each over all steps.
 * @param activations those of the definition; by default each of the RNN's will do
 */
export function throughTime(
  differentiateLayer: (context: RuleContext, layer: Layer) => LayerGradient,
  activations?: readonly string[],
): GradientRule {
  return (context) => {
    const { graph, inputs, shape, wants, math } = context;
    refuse(context, activations);
    const layers = layersOf(context);
    const found = layers.map((layer) => differentiateLayer(context, layer));
    const wanted = (input: number) => inputs[input] && wants(input);
    const stacked = (input: number, parts: readonly string[]) =>
      as(context, joined(context, 0, parts), shape(inputs[input]));
    const transposedProduct = (a: string, b: string) => graph.emit("Gemm", [a, b], { transA: int(1) });
    const sum = (rows: string) => graph.emit("ReduceSum", [rows, graph.ints([0])], { keepdims: int(0) });

    const forX = () => {
      const parts = found.map(({ input }, i) => graph.emit("Gemm", [input, layers[i].w]));
      return as(context, parts.length === 1 ? parts[0] : math.sum(...parts), shape(inputs[X]));
    };
    const forW = () => found.map(({ input }, i) => transposedProduct(input, layers[i].x));
    const forR = () =>
      found.flatMap(({ recurrent }) => recurrent.map(({ gradient, states }) => transposedProduct(gradient, states)));
    const forB = () =>
      found.flatMap(({ input, recurrent }) => {
        const first = sum(input);
        const same = recurrent.length === 1 && recurrent[0].gradient === input;
        return [first, ...(same ? [first] : recurrent.map(({ gradient }) => sum(gradient)))];
      });
    const forState = (state: number) => found.map(({ initial }) => initial[state]);
    return [
      wants(X) ? forX() : undefined,
      wants(W) ? stacked(W, forW()) : undefined,
      wants(R) ? stacked(R, forR()) : undefined,
      wanted(B) ? stacked(B, forB()) : undefined,
      undefined,
      wanted(INITIAL) ? stacked(INITIAL, forState(0)) : undefined,
      wanted(CELL) ? stacked(CELL, forState(1)) : undefined,
    ];
  };
}
