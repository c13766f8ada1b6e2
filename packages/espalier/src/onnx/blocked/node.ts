import type { Attributes } from "../attributes.ts";
import type { GraphBuilder } from "../builder.ts";

/** The runtime's own operators, over tensors [N, C, H, W] that lie in memory as [N, C / block, H, W, block]. */
export const BLOCKED_DOMAIN = "com.microsoft.nchwc";

/** Adds a node of the blocked operators and returns its output's name. */
export function emitBlocked(
  graph: GraphBuilder,
  op: string,
  inputs: readonly string[],
  attributes: Attributes = {},
  output = graph.fresh(op),
): string {
  graph.reserve(output);
  graph.model.opsets.set(BLOCKED_DOMAIN, 1);
  graph.model.nodes.push({ name: output, op, domain: BLOCKED_DOMAIN, inputs, outputs: [output], attributes });
  return output;
}
