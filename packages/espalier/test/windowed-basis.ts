import { type FloatTensor, float32 } from "../src/onnx/tensor.ts";

/** Waves of growing frequency under a window, as a spectrum's convolution has them: [rows, 1, size]. */
export function windowedBasis(wave: (angle: number) => number, rows: number, size: number): FloatTensor {
  const data = Float32Array.from({ length: rows * size }, (_, t) => {
    const [k, n] = [Math.floor(t / size), t % size];
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size);
    return window * wave((2 * Math.PI * k * n) / size);
  });
  return float32([rows, 1, size], data);
}
