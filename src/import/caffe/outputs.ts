import type { GraphBuilder } from "../../onnx/builder.ts";
import { BATCH, type Blob, type Shape } from "./blob.ts";
import type { LayerParameter } from "./caffe_pb.ts";
import { isInput } from "./input.ts";
import type { BlobState } from "./wiring.ts";

/**
 * Declares what the network gives: the blobs that no layer reads, those with the heaviest loss first. Training and
 * evaluation take scores [batch, classes] first, so scores lose their axes of one place, and those that a last Softmax
 * reads come before it.
 * @param dropped the layers that were left out
 */
export function addOutputs(
  graph: GraphBuilder,
  blobs: ReadonlyMap<BlobState, Blob>,
  dropped: readonly LayerParameter[],
): void {
  const silenced = new Set(dropped.flatMap(({ type, bottom }) => (type === "Silence" ? bottom : [])));
  const unread = [...blobs.keys()].filter(
    ({ readers, maker, blob }) => readers.length === 0 && !isInput(maker.layer) && !silenced.has(blob),
  );
  const weights = lossWeights(dropped);
  const weight = ({ blob }: BlobState) => weights.get(blob) ?? 0;
  const outputs = unread.sort((a, b) => weight(b) - weight(a)).flatMap((state) => withScores(state, blobs));
  for (const state of new Set(outputs)) addOutput(graph, state, blobs.get(state));
}

/** How much the loss that reads a blob weighs. */
function lossWeights(dropped: readonly LayerParameter[]): Map<string, number> {
  const losses = dropped.filter(({ type }) => type.endsWith("Loss"));
  return new Map(losses.map(({ bottom, lossWeight }) => [bottom[0], lossWeight[0] ?? 1]));
}

function withScores(state: BlobState, blobs: ReadonlyMap<BlobState, Blob>): BlobState[] {
  const { layer, bottoms } = state.maker;
  const shape = blobs.get(state)?.shape ?? [];
  return layer.type === "Softmax" && isScores(shape) && !isInput(bottoms[0].maker.layer)
    ? [bottoms[0], state]
    : [state];
}

/** [batch, classes], or [batch, classes, 1, 1] as convolutions and pooling leave it. */
function isScores([batch, classes, ...places]: Shape): boolean {
  return batch === BATCH && typeof classes === "number" && places.length !== 1 && places.every((size) => size === 1);
}

function addOutput(graph: GraphBuilder, { value }: BlobState, blob: Blob = { value, shape: [] }): void {
  const { shape } = blob;
  if (blob.value !== value) graph.emit("Identity", [blob.value], {}, value);
  const flat = isScores(shape) && shape.length > 2;
  if (flat) flatten(graph, value);
  graph.model.outputs.push({ name: value, dtype: "float32", shape: flat ? shape.slice(0, 2) : [...shape] });
}

/** Gives a value's name to the value flattened, and another to the value. */
function flatten(graph: GraphBuilder, value: string): void {
  const { model } = graph;
  const inner = graph.fresh(`${value}/1x1`);
  const renamed = (names: readonly string[]) => names.map((name) => (name === value ? inner : name));
  model.nodes = model.nodes.map((node) => ({ ...node, inputs: renamed(node.inputs), outputs: renamed(node.outputs) }));
  const name = graph.fresh(`${value}/Flatten`);
  model.nodes.push({ name, op: "Flatten", domain: "", inputs: [inner], outputs: [value], attributes: {} });
}
