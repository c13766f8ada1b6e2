import type { Criterion } from "./criterion.ts";

/** |w g|: how much the loss changes, to first order, when the weight becomes zero. */
export const taylor: Criterion = {
  needs: "gradients",
  source: "Molchanov et al., arXiv 1611.06440, equation 6",
  score: ({ data }, { evidence }) => {
    const g = evidence("gradient");
    return data.map((w, i) => Math.abs(w * g[i]));
  },
};
