import type { Criterion } from "./criterion.ts";

/** S = -sum_t w_t g_t: how far training moves a weight away from zero. Shifted so that the lowest score is just above 0. */
export const movement: Criterion = {
  needs: "movement",
  source: "Sanh et al., arXiv 2005.07683, equation 2",
  score: (_, { evidence }) => {
    const moved = evidence("movement");
    const lowest = moved.reduce((least, s) => Math.min(least, s), 0);
    const span = moved.reduce((most, s) => Math.max(most, s), 0) - lowest;
    return moved.map((s) => s - lowest + 1e-6 * (span || 1));
  },
};
