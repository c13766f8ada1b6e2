import { sigmoid, softplus } from "./activations.ts";
import { type CellKernels, gruKernels, lstmKernels, rnnKernels } from "./cell-kernels.ts";

type Activation = (x: number) => number;

/** Activations of recurrent cells: whether each reads an alpha and a beta, and what those are where none is given. */
const ACTIVATIONS: Readonly<Record<string, { alpha?: number; beta?: number; of(a: number, b: number): Activation }>> = {
  Relu: { of: () => (x) => Math.max(x, 0) },
  Tanh: { of: () => Math.tanh },
  Sigmoid: { of: () => sigmoid },
  Softsign: { of: () => (x) => x / (1 + Math.abs(x)) },
  Softplus: { of: () => softplus },
  Affine: { alpha: 1, beta: 0, of: (a, b) => (x) => a * x + b },
  LeakyRelu: { alpha: 0.01, of: (a) => (x) => (x < 0 ? a * x : x) },
  ThresholdedRelu: { alpha: 1, of: (a) => (x) => (x > a ? x : 0) },
  ScaledTanh: { alpha: 1, beta: 1, of: (a, b) => (x) => a * Math.tanh(b * x) },
  HardSigmoid: { alpha: 0.2, beta: 0.5, of: (a, b) => (x) => Math.min(Math.max(a * x + b, 0), 1) },
  Elu: { alpha: 1, of: (a) => (x) => (x < 0 ? a * Math.expm1(x) : x) },
};

/**
 * The activations of all directions, each with the next alpha and beta of the lists if it reads any.
 * @returns undefined where one has an unknown name
 */
export function activationsOf(
  names: readonly string[],
  alphas: readonly number[] = [],
  betas: readonly number[] = [],
): Activation[] | undefined {
  const [a, b] = [[...alphas], [...betas]];
  const found: Activation[] = [];
  for (const name of names) {
    if (!Object.hasOwn(ACTIVATIONS, name)) return undefined;
    const { alpha, beta, of } = ACTIVATIONS[name];
    found.push(of(alpha === undefined ? 0 : (a.shift() ?? alpha), beta === undefined ? 0 : (b.shift() ?? beta)));
  }
  return found;
}

/** What a direction of a layer has beside its weights. */
export interface Traits {
  readonly activations: readonly Activation[];
  /** Bound of what goes into an activation; infinite for none. */
  readonly clip: number;
  readonly inputForget: boolean;
  /** The LSTM's weights of its cell's state, for the gates i, o and f; read at each run. */
  readonly peepholes?: () => ArrayLike<number>;
}

/** One step of one sample. */
export interface State {
  /** W x + Wb of all gates, those of one gate behind those of another. */
  readonly x: Float32Array;
  /** h, which becomes the next one. */
  readonly hidden: Float32Array;
  /** The LSTM's c, which becomes the next one. */
  readonly cell: Float32Array;
  /** R h + Rb of all gates. */
  readonly h: Float32Array;
  /** Where a cell writes the hidden state as its last gates read it. */
  readonly reset: Float32Array;
}

/** How a kind of cell makes its next state of the products of its gates. */
export interface Cell {
  readonly gates: number;
  /** How many of the gates, the last ones, read not h but what the cell makes of it. */
  readonly late: number;
  readonly activations: readonly string[];
  /** @param multiply makes the products of the late gates of `state.reset` */
  step(state: State, traits: Traits, multiply: () => void): void;
  /** The same by kernels, where the traits are none but ONNX's own. */
  readonly kernels?: CellKernels;
}

const OWN: readonly Activation[] = [sigmoid, Math.tanh, Math.tanh];

/** The kernels of a cell, for traits that they compute. */
export function kernelsFor(cell: Cell, { activations, clip, inputForget, peepholes }: Traits): CellKernels | undefined {
  const own = OWN.slice(cell.activations[0] === "Sigmoid" ? 0 : 1);
  const plain = clip === Number.POSITIVE_INFINITY && !inputForget && !peepholes;
  return plain && activations.every((activation, i) => activation === own[i]) ? cell.kernels : undefined;
}

/** Gates i, o, f, c (ONNX LSTM). */
export const lstm: Cell = {
  gates: 4,
  late: 0,
  activations: ["Sigmoid", "Tanh", "Tanh"],
  kernels: lstmKernels,
  step({ x, h, hidden, cell }, { activations: [gate, candidate, out], clip, inputForget, peepholes }) {
    const size = hidden.length;
    const p = peepholes?.();
    for (let i = 0; i < size; i++) {
      const [o, f, c] = [size + i, 2 * size + i, 3 * size + i];
      const before = cell[i];
      const input = gate(clipped(x[i] + h[i] + (p ? p[i] * before : 0), clip));
      const forget = inputForget ? 1 - input : gate(clipped(x[f] + h[f] + (p ? p[f] * before : 0), clip));
      cell[i] = forget * before + input * candidate(clipped(x[c] + h[c], clip));
      hidden[i] = gate(clipped(x[o] + h[o] + (p ? p[o] * cell[i] : 0), clip)) * out(cell[i]);
    }
  },
};

/** Gates z, r, h (ONNX GRU), the reset gate working on R h + Rb. */
export const gru: Cell = {
  gates: 3,
  late: 0,
  activations: ["Sigmoid", "Tanh"],
  kernels: gruKernels,
  step({ x, h, hidden }, { activations: [gate, candidate], clip }) {
    const size = hidden.length;
    for (let i = 0; i < size; i++) {
      const update = gate(clipped(x[i] + h[i], clip));
      const reset = gate(clipped(x[size + i] + h[size + i], clip));
      const next = candidate(clipped(x[2 * size + i] + reset * h[2 * size + i], clip));
      hidden[i] = (1 - update) * next + update * hidden[i];
    }
  },
};

/** The same, the reset gate working on h itself. */
export const gruResettingFirst: Cell = {
  gates: 3,
  late: 1,
  activations: ["Sigmoid", "Tanh"],
  step({ x, h, hidden, reset }, { activations: [gate, candidate], clip }, multiply) {
    const size = hidden.length;
    for (let i = 0; i < size; i++) reset[i] = gate(clipped(x[size + i] + h[size + i], clip)) * hidden[i];
    multiply();
    for (let i = 0; i < size; i++) {
      const update = gate(clipped(x[i] + h[i], clip));
      hidden[i] = (1 - update) * candidate(clipped(x[2 * size + i] + h[2 * size + i], clip)) + update * hidden[i];
    }
  },
};

/** Elman's. */
export const rnn: Cell = {
  gates: 1,
  late: 0,
  activations: ["Tanh"],
  kernels: rnnKernels,
  step({ x, h, hidden }, { activations: [activation], clip }) {
    for (let i = 0; i < hidden.length; i++) hidden[i] = activation(clipped(x[i] + h[i], clip));
  },
};

export function clipped(x: number, clip: number): number {
  return Math.min(Math.max(x, -clip), clip);
}
