import { type Pixels, type Preprocessing, UserError } from "espalier";
import type { Dropped } from "./keep.ts";

/** Decoded pictures that are kept. */
const KEPT = 2 ** 28;

/**
 * Pictures as the browser decodes them: turned upright, what is transparent on white, resized smoothly, and their middle
 * taken.
 */
export function bitmaps(files: readonly Dropped[], preprocessing: Pick<Preprocessing, "resize" | "crop">): Pixels {
  const kept = new Map<number, Uint8Array>();
  let room = KEPT;
  return {
    async of(number) {
      const known = kept.get(number);
      if (known) return known;
      const pixels = await decode(files[number], preprocessing);
      room -= pixels.length;
      if (room >= 0) kept.set(number, pixels);
      return pixels;
    },
    prepare() {},
  };
}

async function decode({ path, file }: Dropped, { resize, crop }: Pick<Preprocessing, "resize" | "crop">) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => {
    throw new UserError(`${path} cannot be decoded as a picture: copy it again, or take it out.`);
  });
  const [height, width] = sizeFor([bitmap.height, bitmap.width], resize);
  const [rows, columns] = crop;
  if (rows > height || columns > width) {
    throw new UserError(
      `${path} has ${width} x ${height} pixels where ${columns} x ${rows} are cropped: resize it, or take a smaller crop.`,
    );
  }
  const context = new OffscreenCanvas(columns, rows).getContext("2d", { willReadFrequently: true });
  if (!context) throw new UserError("This browser draws no pictures in a worker: use another one.");
  context.fillStyle = "white";
  context.fillRect(0, 0, columns, rows);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, -Math.floor((width - columns) / 2), -Math.floor((height - rows) / 2), width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, columns, rows);
  const pixels = new Uint8Array(3 * rows * columns);
  for (let i = 0; i < rows * columns; i++) pixels.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  return pixels;
}

/** Height and width after resizing; a shorter side is met exactly, the longer is cut to a whole number. */
function sizeFor(
  [height, width]: readonly [number, number],
  resize: Preprocessing["resize"],
): readonly [number, number] {
  if (resize === undefined) return [height, width];
  if (typeof resize !== "number") return resize;
  return height <= width
    ? [resize, Math.floor((resize * width) / height)]
    : [Math.floor((resize * height) / width), resize];
}
