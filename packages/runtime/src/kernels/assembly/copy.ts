/**
 * Copies `planes` x `rows` x `width` elements between two layouts. Pitches are bytes from one row or plane to the next,
 * `step` bytes from one element that is read to the next.
 */
export function copyPlanes(
  planes: i32,
  rows: i32,
  width: i32,
  from: usize,
  fromPlane: i32,
  fromRow: i32,
  step: i32,
  to: usize,
  toPlane: i32,
  toRow: i32,
): void {
  for (let plane = 0; plane < planes; plane++, from += fromPlane, to += toPlane) {
    let x = from;
    let y = to;
    for (let row = 0; row < rows; row++, x += fromRow, y += toRow) {
      let i = 0;
      if (step === 4) {
        for (; i + 4 <= width; i += 4) v128.store(y + ((<usize>i) << 2), v128.load(x + ((<usize>i) << 2)));
      }
      for (; i < width; i++) store<f32>(y + ((<usize>i) << 2), load<f32>(x + <usize>(i * step)));
    }
  }
}
