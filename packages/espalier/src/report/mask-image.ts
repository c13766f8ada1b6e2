import { encode } from "fast-png";
import type { MaskPicture } from "./run-report.ts";

/** The mask as a picture, a row for each unit and a column for each input: dark where a connection is kept. */
export function maskImage(picture: MaskPicture): string {
  return pngUri(maskPng(picture));
}

/** {@link maskImage} as the bytes of a PNG. */
export function maskPng({ rows, columns, kept }: MaskPicture): Uint8Array {
  return png(
    columns,
    rows,
    Uint8Array.from(kept, (value) => (value ? 20 : 255)),
  );
}

/** How many units look at each input, laid out as the image that is fed: darker where more do. */
export function inputImage({ rows, columns, kept, columnsPerBand }: MaskPicture): string {
  const counts = new Float64Array(columns);
  for (let i = 0; i < rows * columns; i++) counts[i % columns] += kept[i];
  const most = Math.max(1, ...counts);
  const data = Uint8Array.from(counts, (count) => 255 - Math.round((235 * count) / most));
  return pngUri(png(columnsPerBand, columns / columnsPerBand, data));
}

function png(width: number, height: number, data: Uint8Array): Uint8Array {
  return encode({ width, height, data, channels: 1, depth: 8 });
}

/** A PNG inside a page. */
export function pngUri(png: Uint8Array): string {
  return `data:image/png;base64,${btoa(Array.from(png, (byte) => String.fromCharCode(byte)).join(""))}`;
}
