import { compressRows } from "../compressed.ts";
import { padded } from "../forms.ts";
import type { Matrix } from "../matrix.ts";
import { type Operator, type PlanContext, sizeOf } from "../operator.ts";
import { UnsupportedError } from "../unsupported.ts";

/** How a kind of cell makes its next state of the products of its gates. */
interface Cell {
  readonly gates: number;
  /**
   * @param x W x + Wb of all gates, those of one gate behind those of another
   * @param h R h + Rb
   * @param hidden h, which becomes the next one
   * @param cell the LSTM's c, which becomes the next one
   */
  step(x: Float32Array, h: Float32Array, hidden: Float32Array, cell: Float32Array): void;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Gates i, o, f, c (ONNX LSTM). */
const lstm: Cell = {
  gates: 4,
  step(x, h, hidden, cell) {
    const size = hidden.length;
    for (let i = 0; i < size; i++) {
      const [o, f, c] = [size + i, 2 * size + i, 3 * size + i];
      cell[i] = sigmoid(x[f] + h[f]) * cell[i] + sigmoid(x[i] + h[i]) * Math.tanh(x[c] + h[c]);
      hidden[i] = sigmoid(x[o] + h[o]) * Math.tanh(cell[i]);
    }
  },
};

/** Gates z, r, h (ONNX GRU); the reset gate works on h itself, or on R h + Rb. */
const gru: Cell = {
  gates: 3,
  step(x, h, hidden) {
    const size = hidden.length;
    for (let i = 0; i < size; i++) {
      const update = sigmoid(x[i] + h[i]);
      const reset = sigmoid(x[size + i] + h[size + i]);
      const candidate = Math.tanh(x[2 * size + i] + reset * h[2 * size + i]);
      hidden[i] = (1 - update) * candidate + update * hidden[i];
    }
  },
};

/** Elman's. */
const rnn: Cell = {
  gates: 1,
  step(x, h, hidden) {
    for (let i = 0; i < hidden.length; i++) hidden[i] = Math.tanh(x[i] + h[i]);
  },
};

/** X [time, batch, inputs] -> Y [time, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]. */
function recurrent(cell: Cell): Operator {
  return (context) => {
    const { attribute, node, machine } = context;
    const direction = attribute("direction", "forward");
    if (attribute("layout", 0) === 1 || node.inputs[7] || node.attributes.activations !== undefined || node.inputs[4]) {
      throw new UnsupportedError(
        `${node.op} is run here in layout 0, with its own activations, without peepholes and lengths.`,
      );
    }
    if (cell === gru && attribute("linear_before_reset", 0) === 0) {
      throw new UnsupportedError("GRU is run here only with linear_before_reset.");
    }
    const x = context.value(0);
    const [time, batch, inputs] = x.dims;
    const size = attribute("hidden_size", 0);
    const directions = direction === "bidirectional" ? 2 : 1;
    const rows = cell.gates * size;
    const layers = context.kept(() =>
      Array.from({ length: directions }, (_, d) => [
        matrixOf(context, 1, d, rows, inputs, 0),
        matrixOf(context, 2, d, rows, size, rows),
      ]),
    );
    for (const [w, r] of layers) {
      w.prepare("vector");
      r.prepare("vector");
    }
    const initial = [5, 6].map((i) => (node.inputs[i] ? context.value(i) : undefined));
    const wanted = [[time, directions, batch, size], ...Array(2).fill([directions, batch, size])];
    const results = wanted.map((dims, index) => (node.outputs[index] ? context.output(dims, { index }) : undefined));
    const { heap } = machine;
    const [input, hidden] = [context.scratch(padded(inputs)), context.scratch(padded(size))];
    const [fromInput, fromHidden] = [context.scratch(rows), context.scratch(rows)];
    const state = new Float32Array(size);
    return () => {
      heap.floats(input, padded(inputs)).fill(0);
      heap.floats(hidden, padded(size)).fill(0);
      const h = heap.floats(hidden, size);
      const [all, lastHidden, lastCell] = results.map((value) => value && heap.floats(value.at, sizeOf(value.dims)));
      const [firstHidden, firstCell] = initial.map((value) => value && heap.floats(value.at, sizeOf(value.dims)));
      for (const [d, [w, r]] of layers.entries()) {
        const backwards = d === 1 || direction === "reverse";
        for (let n = 0; n < batch; n++) {
          const own = (d * batch + n) * size;
          const begin = (target: Float32Array, from: Float32Array | undefined) =>
            from ? target.set(from.subarray(own, own + size)) : target.fill(0);
          begin(h, firstHidden);
          begin(state, firstCell);
          for (let step = 0; step < time; step++) {
            const t = backwards ? time - 1 - step : step;
            heap.floats(input, inputs).set(heap.floats(x.at + 4 * (t * batch + n) * inputs, inputs));
            w.multiply(input, fromInput, Number.NEGATIVE_INFINITY);
            r.multiply(hidden, fromHidden, Number.NEGATIVE_INFINITY);
            cell.step(heap.floats(fromInput, rows), heap.floats(fromHidden, rows), h, state);
            all?.set(h, ((t * directions + d) * batch + n) * size);
          }
          lastHidden?.set(h, own);
          lastCell?.set(state, own);
        }
      }
    };
  };
}

/** One direction of W or R, with its part of B, which has Wb and Rb behind each other. */
function matrixOf(
  { constant, matrix, node }: PlanContext,
  input: number,
  direction: number,
  rows: number,
  columns: number,
  bias: number,
): Matrix {
  const weights = constant(input)?.data;
  const biases = constant(3)?.data;
  if (!(weights instanceof Float32Array) || (node.inputs[3] && !(biases instanceof Float32Array))) {
    throw new UnsupportedError(`${node.op} is run only with constant weights here.`);
  }
  const start = direction * rows * columns;
  const elements = compressRows(weights.subarray(start), rows, columns);
  const own = 2 * direction * rows + bias;
  return matrix(rows, columns, elements, biases && Float32Array.from(biases).subarray(own, own + rows));
}

/** Recurrent layers, one sample after the other. */
export const recurrentOperators: Readonly<Record<string, Operator>> = {
  LSTM: recurrent(lstm),
  GRU: recurrent(gru),
  RNN: recurrent(rnn),
};
