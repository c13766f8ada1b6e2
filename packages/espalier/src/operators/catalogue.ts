import type { Node } from "../onnx/graph.ts";
import { Conv, ConvTranspose } from "./convolution.ts";
import { Einsum } from "./einsum.ts";
import { Gather } from "./embedding.ts";
import type { Facets } from "./facets.ts";
import {
  BatchNormalization,
  GroupNormalization,
  InstanceNormalization,
  LayerNormalization,
  PRelu,
  RMSNormalization,
} from "./normalization.ts";
import { Gemm, MatMul } from "./product.ts";
import { GRU, LSTM, RNN } from "./recurrent.ts";

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

/** The facets of a node's operator; undefined where it holds no weights. */
export function facetsOf({ op, domain }: Node): Facets | undefined {
  return domain === "" && isWeighted(op) ? weighted[op] : undefined;
}

function isWeighted(op: string): op is WeightedOperator {
  return Object.hasOwn(weighted, op);
}
