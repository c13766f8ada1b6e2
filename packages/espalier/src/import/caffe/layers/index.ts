import type { LayerRule } from "../layer-build.ts";
import { batchNormRules } from "./batch-norm.ts";
import { combineRules } from "./combine.ts";
import { convolutionRules } from "./convolution.ts";
import { elementwiseRules } from "./elementwise.ts";
import { innerProductRules } from "./inner-product.ts";
import { normalizationRules } from "./normalization.ts";
import { poolingRules } from "./pooling.ts";
import { reductionRules } from "./reduction.ts";
import { scaleRules } from "./scale.ts";
import { shapeRules } from "./shape.ts";
import { splitRules } from "./split.ts";

/** What each type of layer computes. */
export const layerRules: ReadonlyMap<string, LayerRule> = new Map(
  Object.entries({
    ...convolutionRules,
    ...innerProductRules,
    ...poolingRules,
    ...elementwiseRules,
    ...normalizationRules,
    ...batchNormRules,
    ...scaleRules,
    ...combineRules,
    ...splitRules,
    ...shapeRules,
    ...reductionRules,
  }),
);

/** Layers that only training and testing need; they are left out. */
export const trainingOnly: ReadonlySet<string> = new Set([
  "Accuracy",
  "ContrastiveLoss",
  "EuclideanLoss",
  "HDF5Output",
  "HingeLoss",
  "InfogainLoss",
  "MultinomialLogisticLoss",
  "SigmoidCrossEntropyLoss",
  "Silence",
  "SoftmaxWithLoss",
]);
