import type { GraphBuilder } from "../onnx/builder.ts";

/** Limits on gradients: on their norm over all parameters together, or on each element. */
export interface Clipping {
  readonly norm?: number;
  readonly value?: number;
}

/** Adds the nodes that limit gradients; the result maps each parameter to its limited gradient. */
export function clip(
  graph: GraphBuilder,
  gradients: ReadonlyMap<string, string>,
  { norm, value }: Clipping,
): ReadonlyMap<string, string> {
  let limited = gradients;
  if (value !== undefined) {
    const bounds = [graph.scalar("float32", -value), graph.scalar("float32", value)];
    limited = mapValues(limited, (gradient) => graph.emit("Clip", [gradient, ...bounds]));
  }
  if (norm !== undefined) {
    const scale = normScale(graph, [...limited.values()], norm);
    limited = mapValues(limited, (gradient) => graph.emit("Mul", [gradient, scale]));
  }
  return limited;
}

/** min(1, norm / ||g||) over all gradients (Pascanu et al., arXiv 1211.5063). */
function normScale(graph: GraphBuilder, gradients: readonly string[], norm: number): string {
  const noDims = { keepdims: { kind: "int", value: 0 } } as const;
  const squares = gradients.map((gradient) => graph.emit("ReduceSumSquare", [gradient], noDims));
  const length = graph.emit("Sqrt", [graph.emit("Sum", squares)]);
  // Where the norm is below the limit, the larger divisor makes the scale 1.
  const divisor = graph.emit("Max", [length, graph.scalar("float32", norm)]);
  return graph.emit("Div", [graph.scalar("float32", norm), divisor]);
}

function mapValues(map: ReadonlyMap<string, string>, f: (value: string) => string): ReadonlyMap<string, string> {
  return new Map(Array.from(map, ([key, value]) => [key, f(value)]));
}
