import { z } from "zod";
import { UserError } from "../errors.ts";
import { parseJson } from "../json.ts";
import type { Model } from "./graph.ts";

/** A value that takes a network's state, and the one that gives what becomes of it. */
export interface State {
  readonly input: string;
  readonly output: string;
}

/** The metadata entry in which a network that begins its states at zero has them, for those that carry them. */
const STATES_KEY = "espalier.states";

const schema = z.array(z.tuple([z.string(), z.string()]));

/**
 * The states that a network begins at zero, and that may be carried all the same.
 * @throws UserError where they are stated in another form
 */
export function zeroStates({ metadata }: Pick<Model, "metadata">): State[] {
  const text = metadata.get(STATES_KEY);
  if (text === undefined) return [];
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.map(([input, output]) => ({ input, output }));
  throw new UserError(`The model's metadata "${STATES_KEY}" is not of the known form: export the model again.`);
}

/** Notes the states of a network, for {@link zeroStates}. */
export function noteZeroStates({ metadata }: Pick<Model, "metadata">, states: readonly State[]): void {
  metadata.set(STATES_KEY, JSON.stringify(states.map(({ input, output }) => [input, output])));
}
