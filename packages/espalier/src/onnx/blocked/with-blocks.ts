import { copyModel, type Node } from "../graph.ts";
import { withoutDeadNodes } from "../live.ts";
import type { FeedableModel } from "../typed.ts";
import { Blocks } from "./blocks.ts";
import { type Form, formOf } from "./forms.ts";

/**
 * Has convolutions computed by the runtime's blocked kernels, which it does not use by itself where the filter is no
 * constant. What lies between them stays in blocks too, where its operators have a form for that. Which nodes are
 * changed depends on shapes alone.
 *
 * Values keep their names and their numbers, to rounding.
 * @param size how many channels lie side by side: the runtime's, which depends on the processor
 * @param needed the values that are asked for; nodes that none of them needs are left out
 */
export function withBlocks(model: FeedableModel, size: number, needed: readonly string[]): FeedableModel {
  const outputs = needed.map((name) => ({ name }));
  const { nodes } = withoutDeadNodes({ ...model, outputs });
  const changed: FeedableModel = { ...copyModel(model), inputs: [...model.inputs], nodes };
  const blocks = new Blocks(changed, size, needed);
  const forms = new Map(nodes.map((node) => [node, formOf(blocks, node)]));

  // Values that would better be in blocks, where they come from such that are.
  const wanted = new Set<string>();
  for (const node of nodes.toReversed()) {
    const form = forms.get(node);
    if (form && (form.seeks || wanted.has(node.outputs[0]))) for (const value of form.reads) wanted.add(value);
  }
  for (const node of nodes) {
    const form = forms.get(node);
    if (form && isUseful(form, node)) form.apply();
    else changed.nodes.push(node);
  }
  return { ...changed, nodes: withoutDeadNodes({ ...changed, outputs }).nodes };

  function isUseful({ reads, seeks, pays }: Form, { outputs: [output] }: Node): boolean {
    const ready = reads.filter((value) => blocks.has(value));
    if (pays || (reads.length > 0 && ready.length === reads.length)) return true;
    return ready.length > 0 && (seeks || wanted.has(output));
  }
}
