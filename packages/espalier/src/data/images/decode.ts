import { readFileSync, statSync } from "node:fs";
import type { Sharp, SharpOptions } from "sharp";
import { UserError } from "../../errors.ts";
import type { FileKind } from "../listing.ts";
import type { Preprocessing } from "../preprocessing.ts";
import { Share } from "../share.ts";

/** No photograph is taken whose file has more bytes: 64 MB. */
const MOST_BYTES = 2 ** 26;
/** No photograph is taken of more pixels, as it came or resized: a progressive JPEG of so many holds 400 MB. */
const MOST_PIXELS = 2 ** 26;
/** Nor of a longer side: decoders and resizing hold whole rows and columns. */
const MOST_SIDE = 2 ** 15;
/** Photographs that are decoded at the same time have no more pixels together, as they came and resized. */
const atWork = new Share(2 * MOST_PIXELS);

/** The bytes that begin a file of each format that is read, in hexadecimal; the dots stand for any. */
const FORMATS: readonly RegExp[] = [
  /^ffd8ff/, // JPEG
  /^89504e470d0a1a0a/, // PNG
  /^474946383[79]61/, // GIF
  /^52494646.{8}57454250/, // WebP
  /^(49492a00|4d4d002a)/, // TIFF
  /^.{8}66747970(61766966|61766973)/, // AVIF
];

/** What ends in these is taken for a photograph. */
export const PHOTOGRAPHS: FileKind = {
  noun: "photograph",
  ending: /\.(jpe?g|png|webp|gif|tiff?|avif)$/i,
  endings: ".jpg, .png, .webp, .gif, .tif or .avif",
  spec: "images",
};

const OPTIONS: SharpOptions = { failOn: "truncated", limitInputPixels: MOST_PIXELS, sequentialRead: true };

/**
 * Decodes a photograph, turns it upright as its EXIF says, resizes it by bicubic interpolation and takes its middle.
 *
 * What comes out is 8-bit sRGB whatever it was: greyscale, CMYK, of 16 bits or with a palette. What is transparent lies
 * on white; of an animation the first frame is taken.
 * @returns the pixels [height, width, 3] of `crop`, red first
 * @throws UserError when the file is not a photograph, is cut short or damaged, or is too large or too small
 */
export async function decode(path: string, preprocessing: Preprocessing): Promise<Uint8Array> {
  return decodeBytes(readPhotograph(path), path, preprocessing);
}

/** The same of a file that was read. */
export async function decodeBytes(
  bytes: Uint8Array,
  path: string,
  { resize, crop }: Preprocessing,
): Promise<Uint8Array> {
  decoder ??= loadDecoder();
  const sharp = await decoder;
  const upright = sharp(bytes, OPTIONS).autoOrient();
  const own = await sizeOf(upright, path);
  if (Math.max(...own) > MOST_SIDE) {
    throw new UserError(`${path} has ${own[1]} x ${own[0]} pixels, and a side may have ${MOST_SIDE}: crop it first.`);
  }
  const [height, width] = resizedTo(own, resize);
  const [rows, columns] = crop;
  if (rows > height || columns > width) {
    throw new UserError(
      `${path} has ${width} x ${height} pixels where ${columns} x ${rows} are cropped: resize it, or take a smaller crop.`,
    );
  }
  if (height * width > MOST_PIXELS || Math.max(height, width) > MOST_SIDE) {
    throw new UserError(`${path} is too long and narrow: resized, it has ${width} x ${height} pixels; crop it first.`);
  }
  const left = Math.floor((width - columns) / 2);
  const top = Math.floor((height - rows) / 2);
  const { data, info } = await atWork.during(own[0] * own[1] + height * width, () =>
    upright
      .flatten({ background: "white" })
      .resize(width, height, { fit: "fill", kernel: "cubic", fastShrinkOnLoad: false })
      .extract({ left, top, width: columns, height: rows })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true })
      .catch((error: unknown) => {
        throw refusal(path, error);
      }),
  );
  if (info.channels !== 3) throw new Error(`${path} was decoded into ${info.channels} channels.`);
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

let decoder: ReturnType<typeof loadDecoder> | undefined;

async function loadDecoder() {
  const { default: sharp } = await import("sharp");
  // One thread for each photograph: several are decoded side by side. Results are kept by us.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

/**
 * Reads a photograph's file. It is read at once: many small files take a fifth of the time so.
 * @throws UserError when it is none, or too large
 */
export function readPhotograph(path: string): Uint8Array {
  try {
    const entry = statSync(path);
    if (!entry.isFile()) throw new UserError(`${path} is not a file: take it out of the folder.`);
    const { size } = entry;
    if (size > MOST_BYTES) {
      throw new UserError(`${path} has ${size} bytes, and photographs may have 64 MB at most: make it smaller.`);
    }
    const bytes = readFileSync(path);
    const head = bytes.toString("hex", 0, 16);
    if (FORMATS.some((format) => format.test(head))) return bytes;
  } catch (error) {
    throw error instanceof UserError ? error : refusal(path, error);
  }
  throw new UserError(
    `${path} is not a photograph in JPEG, PNG, WebP, GIF, TIFF or AVIF, whatever its name says: take it out of the folder.`,
  );
}

async function sizeOf(image: Sharp, path: string): Promise<readonly [height: number, width: number]> {
  const { autoOrient } = await image.metadata().catch((error: unknown) => {
    throw refusal(path, error);
  });
  return [autoOrient.height, autoOrient.width];
}

/** Height and width after resizing; a shorter side is met exactly, the longer is cut to a whole number. */
function resizedTo(
  [height, width]: readonly [number, number],
  resize: Preprocessing["resize"],
): readonly [number, number] {
  if (resize === undefined) return [height, width];
  if (typeof resize !== "number") return resize;
  return height <= width
    ? [resize, Math.floor((resize * width) / height)]
    : [Math.floor((resize * height) / width), resize];
}

function refusal(path: string, error: unknown): UserError {
  const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
  if (/pixel limit/.test(reason)) {
    return new UserError(`${path} declares more than ${MOST_PIXELS} pixels: make it smaller.`);
  }
  return new UserError(`${path} cannot be decoded (${reason}): copy it again, or take it out of the folder.`);
}
