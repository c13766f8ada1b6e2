import { lookup, type Node } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { facetsOf } from "./catalogue.ts";
import { has } from "./facets.ts";
import type { Layer } from "./layers.ts";

/**
 * Multiply-accumulate operations of each layer in one run, in all nodes that use its weights; divide by the batch for
 * those of a sample.
 * @param annotated the layers' network
 */
export function macsOf(annotated: TypedModel, layers: readonly Layer[]): number[] {
  const known = lookup(annotated);
  const shape = (value: string) => known.type(value).dims;
  return layers.map(({ operand, tensor: { dims }, uses }) => {
    const ofNode = (node: Node) => {
      const macs = facetsOf(node)?.macs;
      return macs && has(macs) ? macs({ node, operand, dims, shape }) : 0;
    };
    return uses.reduce((sum, node) => sum + ofNode(node), 0);
  });
}
