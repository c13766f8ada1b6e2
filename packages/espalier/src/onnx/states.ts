import type { Model } from "./graph.ts";

/** A value that takes a network's state, and the one that gives what becomes of it. */
export interface State {
  readonly input: string;
  readonly output: string;
}

/** The metadata entry in which a network that begins its states at zero has them, for those that carry them. */
const STATES_KEY = "espalier.states";

/** The states that a network begins at zero, and that may be carried all the same. */
export function zeroStates({ metadata }: Pick<Model, "metadata">): State[] {
  const text = metadata.get(STATES_KEY);
  const pairs: unknown = text === undefined ? [] : JSON.parse(text);
  if (!Array.isArray(pairs)) return [];
  return pairs.map(([input, output]) => ({ input: String(input), output: String(output) }));
}

/** Notes the states of a network, for {@link zeroStates}. */
export function noteZeroStates({ metadata }: Pick<Model, "metadata">, states: readonly State[]): void {
  metadata.set(STATES_KEY, JSON.stringify(states.map(({ input, output }) => [input, output])));
}
