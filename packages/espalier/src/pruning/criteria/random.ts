import type { Criterion } from "./criterion.ts";

/** u, uniform: the control. */
export const random: Criterion = {
  source: "control",
  score: ({ data }, { random: stream }) => data.map(() => 1 - stream.uniform()),
};
