import type { Criterion } from "./criterion.ts";

/** w^2 E[g^2] / 2: how much the loss changes, with the empirical Fisher information as the Hessian. */
export const fisher: Criterion = {
  needs: "gradients",
  source: "Theis et al., arXiv 1801.05787, equation 8",
  score: ({ data }, { evidence }) => {
    const squares = evidence("square");
    return data.map((w, i) => 0.5 * w * w * squares[i]);
  },
};
