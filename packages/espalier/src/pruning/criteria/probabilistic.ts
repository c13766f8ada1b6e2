import type { Criterion } from "./criterion.ts";

/**
 * Keeps connections at random, each with a probability that grows with |w|: the keys |w| / -ln u sort into a sample
 * without replacement, weighted by |w| (Efraimidis and Spirakis, 2006). The paper's authors tried it and found it worse.
 */
export const probabilistic: Criterion = {
  source: "Han et al., NIPS 2015, section 3",
  score: ({ data }, { random }) => data.map((w) => Math.abs(w) / -Math.log(1 - random.uniform() || Number.MIN_VALUE)),
};
