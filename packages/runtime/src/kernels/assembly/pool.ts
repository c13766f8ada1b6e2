/** Below every number. */
const LEAST: f32 = -f32.MAX_VALUE;

/**
 * The largest of each window of a plane; what lies in the padding counts for nothing. A row of windows is reduced over
 * its rows first, then over its columns at every place, of which those at the stride are kept.
 * Pointers are in bytes.
 * @param scratch room for 2 (padLeft + width + kernelWidth + 2 strideX + 8) elements
 */
export function maxPool(
  input: usize,
  output: usize,
  scratch: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideY: i32,
  strideX: i32,
  padTop: i32,
  padLeft: i32,
  planes: i32,
): void {
  const places = (outWidth - 1) * strideX + 1;
  const room = max(places + kernelWidth, padLeft + width) + 8;
  const largest = scratch + ((<usize>room) << 2);
  const row = scratch + ((<usize>padLeft) << 2);
  const least = f32x4.splat(LEAST);
  let y = output;
  for (let i = 0; i < room; i++) store<f32>(scratch + ((<usize>i) << 2), LEAST);
  for (let plane = 0; plane < planes; plane++, input += (<usize>(height * width)) << 2) {
    for (let i = 0; i < outHeight; i++) {
      const top = i * strideY - padTop;
      const first = max(top, 0);
      const last = min(top + kernelHeight, height);
      let j = 0;
      for (; j + 4 <= width; j += 4) {
        let most = least;
        for (let r = first; r < last; r++) most = f32x4.pmax(most, v128.load(input + ((<usize>(r * width + j)) << 2)));
        v128.store(row + ((<usize>j) << 2), most);
      }
      for (; j < width; j++) {
        let most = LEAST;
        for (let r = first; r < last; r++) most = larger(most, load<f32>(input + ((<usize>(r * width + j)) << 2)));
        store<f32>(row + ((<usize>j) << 2), most);
      }
      for (let p = 0; p < places; p += 4) {
        let most = least;
        for (let k = 0; k < kernelWidth; k++) most = f32x4.pmax(most, v128.load(scratch + ((<usize>(p + k)) << 2)));
        v128.store(largest + ((<usize>p) << 2), most);
      }
      for (let o = 0; o < outWidth; o++, y += 4) store<f32>(y, load<f32>(largest + ((<usize>(o * strideX)) << 2)));
    }
  }
}

function larger(a: f32, b: f32): f32 {
  return a < b ? b : a;
}
