import type { Node } from "../onnx/graph.ts";
import { Conv, ConvTranspose } from "./convolution.ts";
import { Einsum } from "./einsum.ts";
import { Gather } from "./embedding.ts";
import { type Facets, has } from "./facets.ts";
import {
  BatchNormalization,
  GroupNormalization,
  InstanceNormalization,
  LayerNormalization,
  PRelu,
  RMSNormalization,
} from "./normalization.ts";
import { arithmeticRules } from "./passing/arithmetic.ts";
import { movementRules } from "./passing/movement.ts";
import { pointwiseRules } from "./passing/pointwise.ts";
import { poolingRules } from "./passing/pooling.ts";
import { reductionRules } from "./passing/reduction.ts";
import { viewRules } from "./passing/views.ts";
import { Gemm, MatMul } from "./product.ts";
import { GRU, LSTM, RNN } from "./recurrent.ts";
import type { UnitRule } from "./units.ts";

/** The operators that hold weights of a network. */
export type WeightedOperator =
  | "Conv"
  | "ConvTranspose"
  | "Gemm"
  | "MatMul"
  | "Einsum"
  | "Gather"
  | "LSTM"
  | "GRU"
  | "RNN"
  | "BatchNormalization"
  | "InstanceNormalization"
  | "LayerNormalization"
  | "GroupNormalization"
  | "RMSNormalization"
  | "PRelu";

/** The catalogue: what each operator with weights is. One that leaves a facet out does not compile. */
export const weighted: { readonly [Op in WeightedOperator]: Facets } = {
  Conv,
  ConvTranspose,
  Gemm,
  MatMul,
  Einsum,
  Gather,
  LSTM,
  GRU,
  RNN,
  BatchNormalization,
  InstanceNormalization,
  LayerNormalization,
  GroupNormalization,
  RMSNormalization,
  PRelu,
};

export { quantizedOperators } from "./quantized/facets.ts";

/** How units pass the operators without weights. Others are not followed: what they read is pinned. */
export const passing: Readonly<Record<string, UnitRule>> = {
  ...pointwiseRules,
  ...arithmeticRules,
  ...poolingRules,
  ...reductionRules,
  ...viewRules,
  ...movementRules,
};

// Names come from files, and a plain object has more of them than its own.
const weightedByName: ReadonlyMap<string, Facets> = new Map(Object.entries(weighted));
const passingByName: ReadonlyMap<string, UnitRule> = new Map(Object.entries(passing));

/** How units pass a node; undefined for operators that are not followed. */
export function unitRuleOf(node: Node): UnitRule | undefined {
  const units = facetsOf(node)?.units;
  if (units) return has(units) ? units : undefined;
  return node.domain === "" ? passingByName.get(node.op) : undefined;
}

/** The facets of a node's operator; undefined where it holds no weights. */
export function facetsOf({ op, domain }: Node): Facets | undefined {
  return domain === "" ? weightedByName.get(op) : undefined;
}
