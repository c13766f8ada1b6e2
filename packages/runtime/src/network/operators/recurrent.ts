import { flag, floats, oneOf, optionalFloat, optionalInt, strings } from "../attributes.ts";
import type { ElementType } from "../elements.ts";
import { padded } from "../forms.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { activationsOf, type Cell, gru, gruResettingFirst, kernelsFor, lstm, rnn, type Traits } from "./cells.ts";
import { type Part, type Product, productsOf } from "./recurrent-products.ts";
import { FLOAT } from "./types.ts";

type Float = Value<"float32">;

/** What a recurrent layer reads, whatever its cell is. */
interface Layer {
  readonly inputs: {
    readonly X: Float;
    readonly W: Float;
    readonly R: Float;
    readonly B: Float | undefined;
    readonly sequence_lens: Value<"int32"> | undefined;
    readonly initial_h: Float | undefined;
    readonly initial_c?: Float | undefined;
    readonly P?: Float | undefined;
  };
  readonly attributes: {
    readonly direction: "forward" | "reverse" | "bidirectional";
    readonly hidden_size: number | undefined;
    readonly layout: boolean;
    readonly activations: readonly string[] | undefined;
    readonly activation_alpha: readonly number[] | undefined;
    readonly activation_beta: readonly number[] | undefined;
    readonly clip: number | undefined;
    readonly input_forget?: boolean;
  };
}

/** How a value of [time, directions, batch, size], in either layout, is gone through. */
interface Strides {
  readonly time: number;
  readonly direction: number;
  readonly sample: number;
}

/** One direction: its products, and its cell's traits. */
interface Direction {
  readonly backwards: boolean;
  readonly traits: Traits;
  readonly fromInput: Product;
  readonly fromHidden: Product;
  /** Of the gates that read the hidden state only once others have been computed. */
  readonly fromReset: Product;
}

/** X [time, batch, inputs] -> Y [time, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]. */
function recurrent(context: Planning, cell: Cell, { inputs, attributes }: Layer): Step {
  const { X, W, R, B, sequence_lens, initial_h, initial_c, P } = inputs;
  const { direction, layout } = attributes;
  if (X.dims.length !== 3) context.wrong(`reads [${X.dims}], and takes sequences of samples`);
  const [time, batch] = layout ? [X.dims[1], X.dims[0]] : X.dims;
  const width = X.dims[2];
  const size = attributes.hidden_size ?? R.dims[2] ?? 0;
  const directions = direction === "bidirectional" ? 2 : 1;
  const rows = cell.gates * size;
  const states = layout ? [batch, directions, size] : [directions, batch, size];
  for (const [value, dims] of [
    [W, [directions, rows, width]],
    [R, [directions, rows, size]],
    [B, [directions, 2 * rows]],
    [P, [directions, 3 * size]],
    [sequence_lens, [batch]],
    [initial_h, states],
    [initial_c, states],
  ] as const) {
    if (value && value.dims.join() !== dims.join())
      context.wrong(`has an input of [${value.dims}] for one of [${dims}]`);
  }
  const ways = directionsOf(context, cell, { inputs, attributes }, size, width);

  const wanted = [layout ? [batch, time, directions, size] : [time, directions, batch, size], states, states];
  const results = wanted.map((dims, index) =>
    context.wants(index) ? context.view(context.output("float32", dims, { index })) : undefined,
  );
  const inAll: Strides = layout
    ? { time: directions * size, direction: size, sample: time * directions * size }
    : { time: directions * batch * size, direction: batch * size, sample: size };
  const inStates = layout ? { direction: size, sample: directions * size } : { direction: batch * size, sample: size };
  const { heap, kernels } = context.machine;
  const view = <T extends ElementType>(value: Value<T> | undefined) => value && context.view(value);
  const [x, lengths, firstHidden, firstCell] = [context.view(X), view(sequence_lens), view(initial_h), view(initial_c)];
  const [input, hidden] = [context.scratch(padded(width)), context.scratch(padded(size))];
  const [fromInput, fromHidden] = [context.scratch(rows), context.scratch(rows)];
  const resetHidden = context.scratch(padded(size));
  const cellState = context.scratch(size);
  const at = { x: fromInput, h: fromHidden, hidden, cell: cellState };
  return () => {
    heap.floats(input, padded(width)).fill(0);
    heap.floats(hidden, padded(size)).fill(0);
    const state = {
      x: heap.floats(fromInput, rows),
      h: heap.floats(fromHidden, rows),
      hidden: heap.floats(hidden, size),
      cell: heap.floats(cellState, size),
      reset: heap.floats(resetHidden, size),
    };
    heap.floats(resetHidden, padded(size)).fill(0);
    const [given, into, [all, lastHidden, lastCell]] = [
      x(),
      heap.floats(input, width),
      results.map((read) => read?.()),
    ];
    // Behind the end of a sequence there are zeros.
    if (lengths) all?.fill(0);
    for (const [d, { backwards, traits, fromInput: multiply, fromHidden: recur, fromReset }] of ways.entries()) {
      const byKernels = kernelsFor(cell, traits);
      const reset = () => fromReset(resetHidden, fromHidden + 4 * (rows - cell.late * size));
      for (let n = 0; n < batch; n++) {
        const own = d * inStates.direction + n * inStates.sample;
        begin(state.hidden, firstHidden?.(), own);
        begin(state.cell, firstCell?.(), own);
        const length = lengths ? lengths()[n] : time;
        for (let step = 0; step < length; step++) {
          const t = backwards ? length - 1 - step : step;
          const from = (layout ? n * time + t : t * batch + n) * width;
          into.set(given.subarray(from, from + width));
          multiply(input, fromInput);
          recur(hidden, fromHidden);
          if (byKernels) byKernels(kernels, at, size);
          else cell.step(state, traits, reset);
          all?.set(state.hidden, t * inAll.time + d * inAll.direction + n * inAll.sample);
        }
        lastHidden?.set(state.hidden, own);
        lastCell?.set(state.cell, own);
      }
    }
  };
}

/** A state as it is before the first step. */
function begin(state: Float32Array, from: Float32Array | undefined, own: number): void {
  if (from) state.set(from.subarray(own, own + state.length));
  else state.fill(0);
}

function directionsOf(
  context: Planning,
  cell: Cell,
  { inputs: { W, R, B, P }, attributes }: Layer,
  size: number,
  width: number,
): Direction[] {
  const { direction, clip = Number.POSITIVE_INFINITY, input_forget: inputForget = false } = attributes;
  const directions = direction === "bidirectional" ? 2 : 1;
  const rows = cell.gates * size;
  const each = cell.activations.length;
  const names = attributes.activations ?? Array<readonly string[]>(directions).fill(cell.activations).flat();
  const found = activationsOf(names, attributes.activation_alpha, attributes.activation_beta);
  if (found?.length !== each * directions) context.refuse(`has the activations ${names.join(", ")}`);
  const products = productsOf(
    context,
    B,
    Array.from({ length: directions }, (_, direction): Part[] => [
      { weights: W, direction, first: 0, rows, columns: width, bias: 0 },
      { weights: R, direction, first: 0, rows: rows - cell.late * size, columns: size, bias: rows },
      { weights: R, direction, first: rows - cell.late * size, rows: cell.late * size, columns: size, bias: rows },
    ]).flat(),
  );
  const peepholes = P && context.view(P);
  return Array.from({ length: directions }, (_, d) => ({
    backwards: d === 1 || direction === "reverse",
    traits: {
      activations: found.slice(each * d, each * (d + 1)),
      clip,
      inputForget,
      peepholes: peepholes && (() => peepholes().subarray(3 * size * d, 3 * size * (d + 1))),
    },
    fromInput: products[3 * d],
    fromHidden: products[3 * d + 1],
    fromReset: products[3 * d + 2],
  }));
}

const common = {
  direction: oneOf("forward", "reverse", "bidirectional"),
  hidden_size: optionalInt(),
  layout: flag(false),
  activations: strings(),
  activation_alpha: floats(),
  activation_beta: floats(),
  clip: optionalFloat(),
};

const inputs = {
  X: needed(FLOAT),
  W: needed(FLOAT),
  R: needed(FLOAT),
  B: optional(FLOAT),
  sequence_lens: optional(["int32"]),
  initial_h: optional(FLOAT),
};

/** Recurrent layers, one sample after the other. */
export const recurrentOperators: Operators = {
  LSTM: operator({
    since: 7,
    inputs: { ...inputs, initial_c: optional(FLOAT), P: optional(FLOAT) },
    attributes: { ...common, input_forget: flag(false) },
    outputs: 3,
    plan: (context) => recurrent(context, lstm, context),
  }),
  GRU: operator({
    since: 7,
    inputs,
    attributes: { ...common, linear_before_reset: flag(false) },
    outputs: 2,
    plan: (context) => recurrent(context, context.attributes.linear_before_reset ? gru : gruResettingFirst, context),
  }),
  RNN: operator({
    since: 7,
    inputs,
    attributes: common,
    outputs: 2,
    plan: (context) => recurrent(context, rnn, context),
  }),
};
