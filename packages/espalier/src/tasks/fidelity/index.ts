import type { FidelityMeasure } from "./measure.ts";
import { argmax, ctc, decision, same } from "./positions.ts";
import { boxes, iou } from "./regions.ts";
import { cosine, relativeError } from "./vectors.ts";

/** How networks are compared by what they say, by name. */
export const fidelityMeasures: ReadonlyMap<string, FidelityMeasure> = new Map(
  [argmax, ctc, decision, iou, boxes, cosine, relativeError, same].map((measure) => [measure.name, measure]),
);
