import { z } from "zod";
import { UserError } from "../errors.ts";

/** From a decoded photograph to a network's input [channels, height, width]. */
export interface Preprocessing {
  /**
   * Height and width to which the whole picture is stretched first, or one number: the length of its shorter side, to
   * which it is scaled as it is. Left out: it keeps its own size.
   */
  readonly resize?: readonly [number, number] | number;
  /** Height and width of the middle that is taken then. */
  readonly crop: readonly [number, number];
  /** The order of the channels; "GRAY" is one channel of luminance. */
  readonly channels: Channels;
  /** Subtracted from each channel's values, 0 to 255, in the order of `channels`. */
  readonly mean: readonly number[];
  /** Multiplies what is left of each channel. */
  readonly scale: readonly number[];
  /** Where the channels are: before the rows, which is the default, or behind each pixel's column. */
  readonly layout?: Layout;
}

export const LAYOUTS = ["NCHW", "NHWC"] as const;
/** Where channels lie. */
export type Layout = (typeof LAYOUTS)[number];

/** The shape of a sample. */
export function sampleShape({ channels, crop, layout }: Pick<Preprocessing, "channels" | "crop" | "layout">): number[] {
  const count = channelCount(channels);
  return layout === "NHWC" ? [...crop, count] : [count, ...crop];
}

/** Whether pixels stay the whole numbers that they are, which a network may take as bytes. */
export function isAsDecoded({ mean, scale }: Pick<Preprocessing, "mean" | "scale">): boolean {
  return mean.every((value) => value === 0) && scale.every((value) => value === 1);
}

export const CHANNELS = ["RGB", "BGR", "GRAY"] as const;
/** Which channels there are, and their order. */
export type Channels = (typeof CHANNELS)[number];

/** How many channels an order has. */
export const channelCount = (channels: Channels): number => (channels === "GRAY" ? 1 : 3);

/** The key under which a model's metadata holds its preprocessing, as JSON. */
export const PREPROCESSING_KEY = "espalier.preprocessing";

/** The longest side that a picture is resized or cropped to. */
export const MOST_PIXELS = 4096;

const size = z.number().int().min(1).max(MOST_PIXELS);
const schema = z.object({
  resize: z.union([z.tuple([size, size]), size]).optional(),
  crop: z.tuple([size, size]),
  channels: z.enum(CHANNELS),
  mean: z.array(z.number()),
  scale: z.array(z.number()),
  layout: z.enum(LAYOUTS).optional(),
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

/** @throws UserError where the parts of a preprocessing do not fit each other */
export function checkPreprocessing({ resize, crop, channels, mean, scale }: Preprocessing): void {
  const count = channelCount(channels);
  for (const [name, values] of Object.entries({ mean, scale })) {
    if (values.length === count && values.every(Number.isFinite)) continue;
    throw new UserError(`The ${name} of ${channels} images is ${values.join() || "empty"}: give ${count} numbers.`);
  }
  const [height, width] = typeof resize === "number" ? [resize, resize] : (resize ?? [MOST_PIXELS, MOST_PIXELS]);
  const shorter = typeof resize === "number";
  // Of a picture scaled by its shorter side, the longer may still be long enough.
  const fits = shorter ? Math.min(...crop) <= height : crop[0] <= height && crop[1] <= width;
  if (!fits) {
    const resized = shorter ? `a shorter side of ${resize}` : `${height}x${width}`;
    throw new UserError(
      `The crop ${crop.join("x")} is larger than the image resized to ${resized}: take a smaller crop.`,
    );
  }
}
