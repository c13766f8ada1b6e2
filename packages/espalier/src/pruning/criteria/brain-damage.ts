import type { Criterion } from "./criterion.ts";

/** Optimal Brain Damage: h w^2 / 2, h the diagonal of the Hessian; where that is below zero, nothing would be lost. */
export const brainDamage: Criterion = {
  needs: "curvature",
  source: "LeCun, Denker and Solla, NIPS 1989, equation 5",
  score: ({ data }, { evidence }) => {
    const h = evidence("curvature");
    return data.map((w, i) => 0.5 * Math.max(h[i], 0) * w * w);
  },
};
