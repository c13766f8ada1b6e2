import { UserError } from "../../errors.ts";
import { int } from "../attributes.ts";
import type { Activation, LayerBuilder, LayerContext } from "./layers.ts";

/** Layers one behind the other, as one layer. */
export function chain(...layers: readonly LayerBuilder[]): LayerBuilder {
  return (input, context) => layers.reduce((current, layer) => layer(current, context), input);
}

/** The layers with `name/` before their names. */
export function scope(name: string, ...layers: readonly LayerBuilder[]): LayerBuilder {
  return (input, context) => chain(...layers)(input, { ...context, name: naming(`${context.name(name, "")}/`) });
}

/** Names within a prefix: a layer's own, or the next of its kind. */
export function naming(prefix = ""): LayerContext["name"] {
  const counts = new Map<string, number>();
  return (own, kind) => {
    if (own !== undefined) return prefix + own;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return `${prefix}${kind}${count}`;
  };
}

/** body(x) + shortcut(x), the shortcut being x itself where none is given (He et al., arXiv 1512.03385). */
export function residual(body: LayerBuilder, shortcut: LayerBuilder = (input) => input): LayerBuilder {
  return (input, context) => {
    const [left, right] = [body(input, context), shortcut(input, context)];
    const name = context.name(undefined, "add");
    const { shape } = sameShapes([left, right], name);
    return { value: context.graph.emit("Add", [left.value, right.value], {}, name), shape };
  };
}

/** The channels of several branches of the same input, one behind the other. */
export function concat(...branches: readonly LayerBuilder[]): LayerBuilder {
  return (input, context) => {
    const parts = branches.map((branch) => branch(input, context));
    const name = context.name(undefined, "concat");
    const places = sameShapes(
      parts.map(({ value, shape }) => ({ value, shape: shape.slice(1) })),
      name,
    ).shape;
    const channels = parts.reduce((sum, { shape }) => sum + shape[0], 0);
    const values = parts.map(({ value }) => value);
    return { value: context.graph.emit("Concat", values, { axis: int(1) }, name), shape: [channels, ...places] };
  };
}

function sameShapes(parts: readonly Activation[], name: string): Activation {
  const [first] = parts;
  for (const { shape } of parts) {
    if (shape.join() !== first.shape.join()) {
      throw new UserError(
        `Layer "${name}" joins [${first.shape}] and [${shape}]: give its branches the same strides and sizes.`,
      );
    }
  }
  return first;
}
