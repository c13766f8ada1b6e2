import fc from "fast-check";
import { int } from "../../../src/onnx/attributes.ts";
import { awayFrom, distinct, positive, uniform } from "../check-gradient.ts";
import { binary, byInput, type CaseFamily, type Drawn, numbers, shape, stretched, unary, variadic } from "./drawn.ts";

const where: Drawn = stretched.map((inputs) => ({
  inputs,
  build: (graph, dtype) => graph.emit("Where", [graph.emit("Greater", [graph.scalar(dtype, 1), "x0"]), "x0", "x1"]),
  values: awayFrom(1),
}));

/** To float64 and back, with something between. */
const cast: Drawn = shape().map((dims) => ({
  inputs: [dims],
  build: (graph) =>
    graph.emit("Cast", [graph.emit("Exp", [graph.emit("Cast", ["x0"], { to: int(11) })])], { to: int(1) }),
  dtype: "float32",
}));

const castLike: Drawn = shape().map((dims) => ({
  inputs: [dims],
  build: (graph) => {
    const double = graph.constant(numbers("float64", [1], [0]));
    return graph.emit("CastLike", [graph.emit("Exp", [graph.emit("CastLike", ["x0", double])]), "x0"]);
  },
  dtype: "float32",
}));

export const elementwiseCases: CaseFamily = {
  Add: { drawn: binary("Add"), runs: 10 },
  Sub: { drawn: binary("Sub") },
  Mul: { drawn: binary("Mul") },
  Div: { drawn: binary("Div", { values: positive }) },
  Mod: {
    // Quotients between 1.1 and 1.9 or -0.9 and -0.1: far from those where the remainder jumps.
    drawn: binary(
      "Mod",
      {
        values: byInput(
          (stream, size) => uniform(stream, size).map((x) => (x < 0 ? x / 4 - 0.1 : 1.2 + x / 4)),
          (stream, size) => uniform(stream, size).map((x) => 1 + x / 100),
        ),
      },
      { fmod: int(1) },
    ),
  },
  Pow: {
    drawn: binary("Pow", { values: positive }),
    edges: {
      "a whole exponent": { inputs: [[4]], build: (graph) => graph.emit("Pow", ["x0", graph.ints([3])]) },
      "the root of zero": {
        inputs: [[3]],
        build: (graph, dtype) => graph.emit("Pow", [graph.emit("Mul", ["x0", "x0"]), graph.scalar(dtype, 0.5)]),
        values: () => [0, 0, 0],
      },
      ...Object.fromEntries(
        [0, 2].map((exponent) => [
          `zero to a power: ${exponent}`,
          {
            inputs: [[3]],
            build: (graph, dtype) => graph.emit("Pow", ["x0", graph.scalar(dtype, exponent)]),
            values: () => [0, 0, 0],
          },
        ]),
      ),
    },
  },
  Sum: { drawn: variadic("Sum") },
  Mean: { drawn: variadic("Mean", { dtype: "float32", step: 1 }) },
  Max: {
    drawn: variadic("Max", { values: byInput(uniform, (s, n) => uniform(s, n).map((x) => x + 0.01)) }).filter(
      ({ inputs }) => inputs.length !== 3,
    ),
    edges: {
      "three that are far apart": {
        inputs: [[5], [5], [1]],
        build: (graph) => graph.emit("Max", ["x0", "x1", "x2"]),
        values: byInput(
          distinct,
          (s, n) => distinct(s, n).map((x) => x + 0.25),
          () => [0.6],
        ),
      },
      "a tie is shared": {
        inputs: [[3]],
        build: (graph) => graph.emit("Max", ["x0", "x0"]),
      },
    },
  },
  Min: {
    drawn: fc.constant({
      inputs: [[6], [6], [1]],
      build: (graph) => graph.emit("Min", ["x0", "x1", "x2"]),
      values: byInput(
        distinct,
        (s, n) => distinct(s, n).map((x) => x + 0.25),
        () => [0.6],
      ),
    }),
  },
  Where: { drawn: where },
  Identity: { drawn: unary("Identity") },
  Cast: { drawn: cast },
  CastLike: { drawn: castLike },
};
