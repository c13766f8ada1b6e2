import { gru } from "./gru.ts";
import { lstm } from "./lstm.ts";
import { rnn } from "./rnn.ts";
import type { GradientRule } from "./rule.ts";
import { throughTime } from "./through-time.ts";

/** Layers that go through a sequence. */
export const recurrentRules: Readonly<Record<string, GradientRule>> = {
  LSTM: throughTime(lstm, ["sigmoid", "tanh", "tanh"]),
  GRU: throughTime(gru, ["sigmoid", "tanh"]),
  RNN: throughTime(rnn),
};
