import { UserError } from "../../packages/espalier/src/errors.ts";
import type { Random } from "../../packages/espalier/src/random.ts";
import { UnsupportedError } from "../../packages/runtime/src/errors.ts";

/** Bytes that may be anything, for one parser. */
export interface Input {
  /** What was done to make them. */
  readonly kind: string;
  /** What is shrunk when they do what none may: one file, several, or what a file is put together from. */
  readonly parts: readonly Uint8Array[];
  /**
   * Reads them, and goes on with what was read as far as a command would.
   * @returns false where they were refused as they should be
   * @throws anything when they do what none may
   */
  read(parts: readonly Uint8Array[]): boolean | Promise<boolean>;
  /** The file that the parts make, where they are not files themselves. */
  file?(parts: readonly Uint8Array[]): Uint8Array;
}

/** Draws the inputs of a parser. */
export type Draw = (draw: Random) => Input;

/** A parser that is fuzzed. */
export interface Target {
  /** What part of all inputs it gets. */
  readonly share: number;
  /** How long an input may take, in seconds of all processors; default: 2. */
  readonly seconds?: number;
  /**
   * Makes the whole files from which hostile ones are made.
   * @param scratch a folder for files, which goes with the process
   */
  open(scratch: string): Draw | Promise<Draw>;
}

/**
 * Does what may be refused.
 * @returns undefined where it is refused, as it should be: by an error of ours, in one sentence
 * @throws Error for any other error
 */
export async function unlessRefused<T>(act: () => T | Promise<T>): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await act() };
  } catch (error) {
    if (!(error instanceof UserError || error instanceof UnsupportedError)) throw error;
    const { message } = error;
    if (!message.endsWith(".") || /\[object |\bundefined\b/.test(message)) {
      throw new Error(`This is not a sentence: ${message.slice(0, 300)}`, { cause: error });
    }
    return undefined;
  }
}
