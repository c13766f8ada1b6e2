import { ACTIVATION, type Kernels, PAIRWISE } from "../../kernels/kernels.ts";

/** Where a state lies, and the products of its gates: see `State`. */
export interface Addresses {
  readonly x: number;
  readonly h: number;
  readonly hidden: number;
  readonly cell: number;
}

/** One step of one sample by kernels, with the activations that ONNX has where none are named. The products are lost. */
export type CellKernels = (kernels: Kernels, at: Addresses, size: number) => void;

const { add, subtract, multiply } = PAIRWISE;
const { sigmoid, tanh } = ACTIVATION;

/** Of vectors that lie at addresses. */
function join(kernels: Kernels, operation: number, count: number, a: number, b: number, y: number): void {
  kernels.pairwise(operation, 1, count, a, 0, 4, b, 0, 4, y);
}

/** Gates i, o, f, c: c = f c + i tanh(c'), h = o tanh(c). */
export const lstmKernels: CellKernels = (kernels, { x, h, hidden, cell }, size) => {
  const [output, forget, candidate] = [x + 4 * size, x + 8 * size, x + 12 * size];
  join(kernels, add, 4 * size, x, h, x);
  kernels.activate(sigmoid, 3 * size, x, x, 0, 0);
  kernels.activate(tanh, size, candidate, candidate, 0, 0);
  join(kernels, multiply, size, x, candidate, x);
  join(kernels, multiply, size, forget, cell, cell);
  join(kernels, add, size, cell, x, cell);
  kernels.activate(tanh, size, cell, h, 0, 0);
  join(kernels, multiply, size, output, h, hidden);
};

/** Gates z, r, h, the reset gate working on R h + Rb: h = n + z (h - n). */
export const gruKernels: CellKernels = (kernels, { x, h, hidden }, size) => {
  const [reset, candidate, late] = [x + 4 * size, x + 8 * size, h + 8 * size];
  join(kernels, add, 2 * size, x, h, x);
  kernels.activate(sigmoid, 2 * size, x, x, 0, 0);
  join(kernels, multiply, size, reset, late, late);
  join(kernels, add, size, candidate, late, candidate);
  kernels.activate(tanh, size, candidate, candidate, 0, 0);
  join(kernels, subtract, size, hidden, candidate, hidden);
  join(kernels, multiply, size, x, hidden, hidden);
  join(kernels, add, size, candidate, hidden, hidden);
};

export const rnnKernels: CellKernels = (kernels, { x, h, hidden }, size) => {
  join(kernels, add, size, x, h, x);
  kernels.activate(tanh, size, x, hidden, 0, 0);
};
