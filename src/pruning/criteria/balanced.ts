import { standardDeviation } from "../threshold.ts";
import type { Criterion } from "./criterion.ts";

/**
 * |w| / sqrt(std of the layer): between one magnitude for all layers, which spares layers of large weights, and one
 * quality parameter (|w| / std), which cuts small layers off first. Only a rate over all layers feels the difference.
 */
export const balanced: Criterion = {
  source: "this project; docs/results has the measurements",
  score: ({ data }) => {
    const unit = Math.sqrt(standardDeviation(data)) || 1;
    return data.map((w) => Math.abs(w) / unit);
  },
};
