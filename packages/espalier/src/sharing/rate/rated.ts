import { UserError } from "../../errors.ts";
import { GraphBuilder } from "../../onnx/builder.ts";
import { copyModel, type Model, removeInitializer } from "../../onnx/graph.ts";
import { withoutDeadNodes } from "../../onnx/live.ts";
import { type FloatTensor, float32, isFloat32, sizeOf } from "../../onnx/tensor.ts";
import { upgrade } from "../../onnx/upgrade.ts";
import { type Parameters, trainableParameters } from "../../training/parameters.ts";
import { type ScaledTensor, writtenOut } from "../scaled/scaled.ts";
import { codeAt } from "../scaled/straight-through.ts";
import { addBits, type CodeMatrix } from "./bits.ts";

/** A network whose parameters are codes and steps, which training decides, and that says what they take in bits. */
export interface Rated {
  /** Its last output are the bits of all codes: a float32 scalar. */
  readonly model: Model;
  /** The network alone. */
  readonly plain: Model;
  /** What training made of them: codes by the names of the network's parameters. */
  codesOf(trained: Parameters): Map<string, ScaledTensor>;
  /** The network's parameters as a file holds them. */
  parametersOf(trained: Parameters): Map<string, FloatTensor>;
}

/** Adds what a matrix of codes takes in bits to a graph: a float32 scalar, by its name. */
export type AddBits = (graph: GraphBuilder, matrix: CodeMatrix) => string;

/** The first step of a tensor, in parts of the root mean square of its numbers; finer for a line of numbers, as a bias. */
const FIRST_STEP = 0.5;
const FIRST_STEP_OF_LINES = 0.25;
/** That of a tensor of zeros. */
const STEP_OF_ZEROS = 2 ** -6;
/** By how much the logarithm of a step moves where a code moves by one. */
const PACE = 0.25;

/**
 * Rewrites a network so that it computes each of its parameters from codes that are rounded in each step, times a step
 * that is learned as well: with u a code before it is rounded, in units of the first step s, and r what has become of the
 * step, a weight is
 *
 *     s r round(u / r)
 *
 * whose gradient is that of the rounded one (the straight-through estimator: Bengio et al., arXiv 1308.3432; steps: Esser
 * et al., arXiv 1902.08153). Weights go to zero by themselves where the bits that they take cost more than they are worth,
 * and come back where they are missed; what is trained is what a file holds. Numbers that stand alone stay as they are.
 * @param bitsOf what codes cost; default: what a coder makes of them
 */
export function rated(source: Model, bitsOf: AddBits = addBits): Rated {
  const model = copyModel(upgrade(source));
  const { nodes } = model;
  const names = trainableParameters(model);
  model.nodes = [];
  const graph = new GraphBuilder(model, "rate/");
  for (const { outputs } of nodes) for (const output of outputs) graph.reserve(output);
  const places = new Map<string, Place>();
  const bits: string[] = [];
  for (const name of names) {
    const tensor = model.initializers.get(name);
    if (!isFloat32(tensor) || sizeOf(tensor.dims) === 1) continue;
    removeInitializer(model, name);
    const place = placeOf(graph, name, tensor);
    places.set(name, place);
    const moved = graph.emit("Exp", [place.steps]);
    const [ratio, inverse] = [PACE, -PACE].map((pace) => graph.emit("Pow", [moved, graph.scalar("float32", pace)]));
    const codes = graph.emit("Mul", [place.codes, inverse]);
    const step = graph.emit("Mul", [ratio, graph.scalar("float32", place.first)]);
    const whole = graph.emit("Round", [codes]);
    graph.emit("Reshape", [graph.emit("Mul", [whole, step]), graph.ints(tensor.dims)], {}, name);
    bits.push(bitsOf(graph, { ...place, codes }));
  }
  model.nodes.push(...nodes);
  if (bits.length === 0) throw new UserError(`The network "${source.name}" has no weights that could be trained.`);
  const plain = withoutDeadNodes({ ...model, nodes: [...model.nodes], outputs: [...model.outputs] });
  const all = graph.emit("Sum", bits);
  model.outputs = [...model.outputs, { name: all, dtype: "float32", shape: [] }];
  const codesOf = (trained: Parameters) => {
    const found = new Map<string, ScaledTensor>();
    for (const [name, place] of places) found.set(name, readCodes(place, trained));
    return found;
  };
  return {
    model,
    plain,
    codesOf,
    parametersOf(trained) {
      const found = new Map(
        trainableParameters(source).flatMap((name) => {
          const own = trained.get(name);
          return own ? [[name, own] as const] : [];
        }),
      );
      for (const [name, own] of codesOf(trained)) found.set(name, writtenOut(own));
      return found;
    },
  };
}

/** Where a tensor's codes are held. */
interface Place {
  readonly dims: readonly number[];
  readonly rows: number;
  readonly columns: number;
  /** The step that codes are in units of. */
  readonly first: number;
  /** The parameters that hold them, and by how much the step has moved. */
  readonly codes: string;
  readonly steps: string;
}

function placeOf(graph: GraphBuilder, name: string, { dims, data }: FloatTensor): Place {
  const isLine = dims.filter((size) => size > 1).length < 2;
  const rows = isLine ? 1 : dims[0];
  const columns = data.length / rows;
  const square =
    data.reduce((sum, w) => sum + w * w, 0) /
    Math.max(
      1,
      data.reduce((sum, w) => sum + (w === 0 ? 0 : 1), 0),
    );
  const first =
    square > 0 ? roundedStep(Math.sqrt(square) * (isLine ? FIRST_STEP_OF_LINES : FIRST_STEP)) : STEP_OF_ZEROS;
  const units = float32(
    [rows, columns],
    data.map((w) => w / first),
  );
  return {
    dims,
    rows,
    columns,
    first,
    codes: graph.initializer(`${name}/codes`, units),
    steps: graph.initializer(`${name}/step`, float32([1, 1])),
  };
}

/** A step of eight binary digits: so its products with codes are floats. */
function roundedStep(step: number): number {
  const unit = 2 ** (Math.floor(Math.log2(step)) - 7);
  return Math.fround(Math.round(step / unit) * unit);
}

function readCodes({ dims, first, codes, steps }: Place, trained: Parameters): ScaledTensor {
  const [units, moved] = [trained.get(codes), trained.get(steps)];
  if (!units || !moved) throw new Error(`There are no codes "${codes}".`);
  const ratio = Math.exp(PACE * moved.data[0]);
  return {
    dims,
    inner: 1,
    scales: Float32Array.of(roundedStep(first * ratio)),
    codes: Int16Array.from(units.data, (u) => codeAt(u / ratio)),
  };
}
