import { UserError } from "./errors.ts";

/** How a sentence calls an option: a program by its name, a command line by its flag. */
export type Called = (option: string) => string;

/** A mistake in options, or one that an option is the remedy for. Its sentence calls them as the reader knows them. */
export class OptionsError extends UserError {
  /** The sentence, options called as whoever took them from the user calls them. */
  readonly said: (called: Called) => string;

  constructor(said: (called: Called) => string) {
    super(said((option) => option));
    this.said = said;
  }
}
