import fc from "fast-check";
import { type Attributes, int, string } from "../../../src/onnx/attributes.ts";
import type { GraphBuilder } from "../../../src/onnx/builder.ts";
import { type Case, uniform } from "../check-gradient.ts";
import { type CaseFamily, type Drawn, dim, flag, type Unseeded } from "./drawn.ts";

/** A recurrent layer under test: what it is given, and which of its outputs are looked at. */
interface Layer {
  readonly steps: number;
  readonly batch: number;
  readonly features: number;
  readonly units: number;
  readonly direction: "forward" | "reverse" | "bidirectional";
  readonly biased: boolean;
  readonly started: boolean;
  /** How long the sequences are, by batch; absent: all steps. */
  readonly lengths?: readonly number[];
  /** Y, Y_h and Y_c by their places. */
  readonly read: readonly number[];
  readonly attributes?: Attributes;
}

const GATES: Readonly<Record<string, number>> = { LSTM: 4, GRU: 3, RNN: 1 };

const half: NonNullable<Case["values"]> = (stream, size) => uniform(stream, size).map((value) => value / 2);

/** The layer with its inputs x, w, r, and b and states where it has them. The runtime has it in float32 only. */
function layer(op: string, given: Layer): Unseeded {
  const { steps, batch, features, units, lengths, direction, biased, started, read } = given;
  const directions = direction === "bidirectional" ? 2 : 1;
  const rows = GATES[op] * units;
  const states = op === "LSTM" ? 2 : 1;
  const state = [directions, batch, units];
  return {
    inputs: [
      [steps, batch, features],
      [directions, rows, features],
      [directions, rows, units],
      ...(biased ? [[directions, 2 * rows]] : []),
      ...(started ? Array.from({ length: states }, () => state) : []),
    ],
    values: half,
    dtype: "float32",
    build(graph) {
      const optional = Array.from({ length: states }, (_, i) => (started ? `x${(biased ? 4 : 3) + i}` : ""));
      const lens = lengths ? graph.constant({ dtype: "int32", dims: [batch], data: Int32Array.from(lengths) }) : "";
      const inputs = ["x0", "x1", "x2", biased ? "x3" : "", lens, ...optional];
      while (inputs.at(-1) === "") inputs.pop();
      const outputs = addNode(graph, op, inputs, states + 1, read, {
        direction: string(direction),
        hidden_size: int(units),
        ...given.attributes,
      });
      const flat = outputs.map((output) => graph.emit("Reshape", [output, graph.ints([-1])]));
      return graph.emit("Concat", flat, { axis: int(0) });
    },
  };
}

/** A node whose outputs that nobody reads are left out; gives the others. */
function addNode(
  { model }: GraphBuilder,
  op: string,
  inputs: readonly string[],
  count: number,
  read: readonly number[],
  attributes: Attributes,
): string[] {
  const outputs = Array.from({ length: count }, (_, i) => (read.includes(i) ? `${op}/${i}` : ""));
  while (outputs.at(-1) === "") outputs.pop();
  model.nodes.push({ name: op, op, domain: "", inputs, outputs, attributes });
  return outputs.filter((output) => output !== "");
}

/** The same activation in both directions. */
const activation = (name: string): Attributes => ({ activations: { kind: "strings", value: [name, name] } });

const layers = (op: string, attributes: fc.Arbitrary<Attributes> = fc.constant({})): Drawn => {
  const places = op === "LSTM" ? [0, 1, 2] : [0, 1];
  return fc
    .record({
      steps: fc.integer({ min: 1, max: 5 }),
      batch: dim,
      features: dim,
      units: dim,
      direction: fc.constantFrom("forward" as const, "reverse" as const, "bidirectional" as const),
      biased: fc.boolean(),
      started: fc.boolean(),
      limited: fc.boolean(),
      lengths: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
      read: fc.subarray(places, { minLength: 1 }),
      attributes,
    })
    .map(({ limited, lengths, ...given }) =>
      layer(op, {
        ...given,
        lengths: limited ? lengths.slice(0, given.batch).map((drawn) => 1 + (drawn % given.steps)) : undefined,
      }),
    );
};

const plain: Layer = {
  steps: 4,
  batch: 3,
  features: 2,
  units: 3,
  direction: "bidirectional",
  biased: true,
  started: true,
  read: [0, 1],
};

/** The recurrent cases that all three have, by what is special. */
const edges = (op: string): Readonly<Record<string, Unseeded>> => ({
  "lengths: of one step and of all, both ends read": layer(op, { ...plain, lengths: [1, 4, 2] }),
  "lengths: of no step": layer(op, { ...plain, lengths: [0, 4, 2] }),
  "lengths: none of the longest": layer(op, { ...plain, direction: "reverse", lengths: [1, 3, 2] }),
  "one step": layer(op, { ...plain, steps: 1 }),
  "the last state alone": layer(op, { ...plain, read: [1], biased: false, started: false }),
});

/** Every unit of a rectified layer far from the kink: one on, one off, as its bias says. */
const rectified: Unseeded = {
  ...layer("RNN", { ...plain, units: 2, started: false, attributes: activation("Relu") }),
  values: (stream, size, input) =>
    input === 3
      ? Array.from({ length: size }, (_, i) => (i % 2 === 0 ? 5 : -5))
      : half(stream, size, input).map((x) => x / 8),
};

export const recurrenceCases: CaseFamily = {
  LSTM: {
    drawn: layers("LSTM"),
    runs: 15,
    edges: { ...edges("LSTM"), "the last cell alone": layer("LSTM", { ...plain, read: [2] }) },
  },
  GRU: {
    drawn: layers(
      "GRU",
      flag.map((reset) => ({ linear_before_reset: int(reset) })),
    ),
    runs: 15,
    edges: {
      ...edges("GRU"),
      "lengths: with the gate on the product": layer("GRU", {
        ...plain,
        lengths: [1, 4, 2],
        attributes: { linear_before_reset: int(1) },
      }),
    },
  },
  RNN: {
    drawn: layers("RNN", fc.constantFrom("Tanh", "Sigmoid").map(activation)),
    runs: 10,
    edges: {
      ...edges("RNN"),
      "rectified units": rectified,
      "an activation for each direction": layer("RNN", {
        ...plain,
        attributes: { activations: { kind: "strings", value: ["Sigmoid", "Tanh"] } },
      }),
    },
  },
};
