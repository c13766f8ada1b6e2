import { z } from "zod";
import { UserError } from "../errors.ts";

/** From a decoded photograph to a network's input [channels, height, width]. */
export interface Preprocessing {
  /** Height and width to which the whole picture is stretched first; left out: it keeps its own. */
  readonly resize?: readonly [number, number];
  /** Height and width of the middle that is taken then. */
  readonly crop: readonly [number, number];
  /** The order of the channels; "GRAY" is one channel of luminance. */
  readonly channels: "RGB" | "BGR" | "GRAY";
  /** Subtracted from each channel's values, 0 to 255, in the order of `channels`. */
  readonly mean: readonly number[];
  /** Multiplies what is left of each channel. */
  readonly scale: readonly number[];
}

/** The key under which a model's metadata holds its preprocessing, as JSON. */
export const PREPROCESSING_KEY = "espalier.preprocessing";

const MOST_PIXELS = 4096;
const size = z.number().int().min(1).max(MOST_PIXELS);
const schema = z.object({
  resize: z.tuple([size, size]).optional(),
  crop: z.tuple([size, size]),
  channels: z.enum(["RGB", "BGR", "GRAY"]),
  mean: z.array(z.number()),
  scale: z.array(z.number()),
});

/**
 * Reads the preprocessing that a model's metadata states; undefined where it states none.
 * @throws UserError when it is stated in another form
 */
export function preprocessingOf(metadata: ReadonlyMap<string, string>): Preprocessing | undefined {
  const text = metadata.get(PREPROCESSING_KEY);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new UserError(
      `The model's metadata "${PREPROCESSING_KEY}" is not of the known form: give the preprocessing as options.`,
    );
  }
}
