/** The largest of each window of a plane; what lies in the padding counts for nothing. Pointers are in bytes. */
export function maxPool(
  input: usize,
  output: usize,
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
  let y = output;
  for (let plane = 0; plane < planes; plane++, input += (<usize>(height * width)) << 2) {
    for (let i = 0; i < outHeight; i++) {
      const top = i * strideY - padTop;
      const first = max(top, 0);
      const last = min(top + kernelHeight, height);
      for (let j = 0; j < outWidth; j++, y += 4) {
        const left = j * strideX - padLeft;
        const from = max(left, 0);
        const to = min(left + kernelWidth, width);
        let most: f32 = -f32.MAX_VALUE;
        for (let row = first; row < last; row++) {
          const x = input + ((<usize>(row * width)) << 2);
          for (let column = from; column < to; column++) most = max<f32>(most, load<f32>(x + ((<usize>column) << 2)));
        }
        store<f32>(y, most);
      }
    }
  }
}
