import type { Criterion } from "./criterion.ts";

/** |w| */
export const magnitude: Criterion = {
  source: "Han et al., NIPS 2015, section 3",
  score: ({ data }) => data.map(Math.abs),
};
