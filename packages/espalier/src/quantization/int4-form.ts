import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import type { ScaledTensor } from "../sharing/scaled/scaled.ts";
import type { Statistics } from "../sharing/scaled/statistics.ts";
import { fittedBlocks, nearestBlocks, roundedBlocks } from "./blocks.ts";
import { codesFor } from "./codes.ts";
import { among, type Form, heldAs } from "./form.ts";
import { matrixOf, mayBeFourBits, withFourBits } from "./four-bits.ts";
import { withInt8 } from "./qdq.ts";

/**
 * Four bits: the weights of MatMul and Gemm, in blocks of columns that share a scale. Where a layer was looked at, weights
 * make up for each other's errors; else each is the nearest. So do tables of embeddings. Where four bits lose too much,
 * eight hold them.
 * @param statistics what was seen of the layers; or that each weight is to be the nearest, as others round them
 * @param block columns of a block
 */
export function int4Form(base: Model, statistics: Statistics | undefined | "nearest", block: number): Form {
  const layers = layersOf(base).filter((layer) => mayBeFourBits(base, layer, block));
  const seen = statistics === "nearest" ? undefined : statistics;
  const codes = new Map(
    layers.map((layer) => {
      const looked = seen?.layers.get(layer.weight);
      const matrix = matrixOf(layer);
      if (looked) return [layer.weight, fittedBlocks(matrix, looked, block)];
      return [layer.weight, (statistics === "nearest" ? nearestBlocks : roundedBlocks)(matrix, block)];
    }),
  );
  const eightBits = new Map<string, ScaledTensor>();
  /** Layers as eight bits: most networks want none, and each takes as long as its four. */
  const inEightBits = (names: ReadonlySet<string>) => {
    const missing = layers.filter(({ weight }) => names.has(weight) && !eightBits.has(weight));
    for (const [name, scaled] of codesFor(base, missing, seen).weights) eightBits.set(name, scaled);
    return among(eightBits, names);
  };
  return {
    ways: new Map(layers.map(({ weight }) => [weight, ["int4", "int8 weights", "float32"]])),
    write(model, plan) {
      const blocked = withFourBits(model, among(codes, heldAs(plan, "int4")));
      const held = inEightBits(heldAs(plan, "int8 weights"));
      return withInt8(blocked, { codes: held, computed: new Set(), ranges: new Map() });
    },
  };
}
