import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Blob } from "./blob.ts";
import type { LayerParameter } from "./caffe_pb.ts";
import { isInput } from "./input.ts";
import type { BlobState } from "./wiring.ts";

/**
 * Declares what the network gives: the blobs that no layer reads, those with the heaviest loss first, for the first is
 * taken for the class scores.
 * @param dropped the layers that were left out
 */
export function addOutputs(
  graph: GraphBuilder,
  blobs: ReadonlyMap<BlobState, Blob>,
  dropped: readonly LayerParameter[],
): void {
  const silenced = new Set(dropped.flatMap(({ type, bottom }) => (type === "Silence" ? bottom : [])));
  const unread = [...blobs].filter(
    ([{ readers, maker, blob }]) => readers.length === 0 && !isInput(maker.layer) && !silenced.has(blob),
  );
  const losses = dropped.filter(({ type }) => type.endsWith("Loss"));
  const weights = new Map(losses.map(({ bottom, lossWeight }) => [bottom[0], lossWeight[0] ?? 1]));
  const weight = ([{ blob }]: (typeof unread)[number]) => weights.get(blob) ?? 0;
  for (const [{ value: name }, { value, shape }] of unread.sort((a, b) => weight(b) - weight(a))) {
    // A blob under another name has no node of its own yet.
    if (value !== name) graph.emit("Identity", [value], {}, name);
    graph.model.outputs.push({ name, dtype: "float32", shape: [...shape] });
  }
}
