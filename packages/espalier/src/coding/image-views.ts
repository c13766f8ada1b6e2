import type { View } from "espalier-runtime/codec";

/** Views of a matrix as square images, of channels that are the rows of a tensor before, or 1 or 3. */
export function imageViews({ rows, channels: columns, kernel }: View, rowsBefore: readonly number[]): View[] {
  if (kernel > 1 || rows < 2) return [];
  return [...new Set([1, 3, ...rowsBefore])].flatMap((channels) => {
    const side = Math.sqrt(columns / channels);
    return Number.isInteger(side) && side > 1 && side <= 64
      ? [{ rows, channels, kernel: side * side, width: side }]
      : [];
  });
}
