import type { GradientRule } from "../../autodiff/rule.ts";
import { gradientRules } from "../../autodiff/rules.ts";
import { GraphBuilder } from "../../onnx/builder.ts";
import type { NumericType } from "../../onnx/dtype.ts";
import { copyModel, type Model, removeInitializer } from "../../onnx/graph.ts";
import { type FloatTensor, float32, isFloat32 } from "../../onnx/tensor.ts";
import { upgrade } from "../../onnx/upgrade.ts";
import type { Masks, Parameters } from "../../training/parameters.ts";
import { isScaled, type Scaling } from "./rounded.ts";
import { MOST_CODE, octaveOf, type ScaledTensor, scaleFor } from "./scaled.ts";

/** How many steps a scale moves while a code moves by one. */
const SCALE = 2;

/** A network whose parameters are codes and scales, before they are rounded, so that training decides them anew. */
export interface Rounding {
  readonly model: Model;
  /** The names of what is trained. */
  readonly parameters: readonly string[];
  /** The names of what is not: the scales as they were, and tensors that are no codes. */
  readonly frozen: readonly string[];
  /** Of parameters with cut connections. */
  readonly masks: Masks;
  /** What training made of the codes and scales. */
  read(trained: Parameters): Scaling;
}

/**
 * Rewrites a network so that it computes its scaled tensors from codes that are rounded in each step, and whose gradient
 * is that of the rounded ones (the straight-through estimator: Bengio et al., arXiv 1308.3432). In units of codes all
 * weights are alike to an optimizer. With v a code before it is rounded and r what has become of its scale s, a weight is
 * s r round(v / r): a scale learns by what it does to weights that stay and round otherwise (LSQ: Esser et al., arXiv
 * 1902.08153), and goes from one of those that a file tells for little to the next, as it is rounded too.
 * @param source the network as it came, whose zeros stay zero
 * @param typeOf the type in which a parameter is written; default float32
 */
export function rounding(
  source: Model,
  scaling: Scaling,
  typeOf: (name: string) => NumericType = () => "float32",
): Rounding {
  const model = copyModel(upgrade(source));
  const { nodes } = model;
  model.nodes = [];
  const graph = new GraphBuilder(model, "codes/");
  for (const { outputs } of nodes) for (const output of outputs) graph.reserve(output);
  const scalar = (value: number) => graph.scalar("float32", value);
  const names = new Map<string, string>();
  const moved = new Map<string, string>();
  const masks = new Map<string, FloatTensor>();
  const frozen: string[] = [];
  for (const [name, own] of scaling) {
    const whole = source.initializers.get(name);
    if (!isFloat32(whole)) continue;
    if (!isScaled(own)) {
      model.initializers.set(name, own.tensor);
      frozen.push(name);
      continue;
    }
    const { dims, inner, scales, codes } = own;
    removeInitializer(model, name);
    const parameter = graph.initializer(name, float32(dims, Float32Array.from(codes)));
    names.set(name, parameter);
    if (dims.length > 1 && whole.data.includes(0)) {
      masks.set(
        parameter,
        float32(
          dims,
          whole.data.map((w) => (w === 0 ? 0 : 1)),
        ),
      );
    }
    let rows = graph.emit("Reshape", [parameter, graph.ints([-1, scales.length, scales.length === 1 ? 1 : inner])]);
    let factors = graph.initializer(`${name}/scales`, float32([1, scales.length, 1], scales));
    frozen.push(factors);
    if (!isLine(own)) {
      const steps = graph.initializer(`${name}/steps`, float32([1, scales.length, 1]));
      moved.set(name, steps);
      const whole = graph.emit("Round", [graph.emit("Mul", [steps, scalar(SCALE)])]);
      const ratio = graph.emit("Exp", [graph.emit("Mul", [whole, scalar(Math.LN2 / octaveOf(typeOf(name)))])]);
      rows = graph.emit("Div", [rows, ratio]);
      factors = graph.emit("Mul", [factors, ratio]);
    }
    const weights = graph.emit("Mul", [graph.emit("Round", [rows]), factors]);
    graph.emit("Reshape", [weights, graph.ints(dims)], {}, name);
  }
  model.nodes.push(...nodes);
  return {
    model,
    parameters: [...names.values(), ...moved.values()],
    frozen,
    masks,
    read(trained) {
      const found = new Map(scaling);
      for (const [name, parameter] of names) {
        const [own, values] = [scaling.get(name), trained.get(parameter)?.data];
        if (!own || !isScaled(own) || !values) continue;
        const steps = trained.get(moved.get(name) ?? "")?.data;
        found.set(name, learned(own, values, steps, octaveOf(typeOf(name))));
      }
      return found;
    },
  };
}

/** Biases and other lines of numbers: what they have in common is no row's. */
const isLine = ({ dims }: ScaledTensor) => dims.filter((size) => size > 1).length < 2;

/** Beyond, no scale is of use. */
const OCTAVES = 8;

/**
 * A tensor after its training.
 * @param values the codes before they are rounded
 * @param steps by how many steps each scale moved, likewise; undefined where none could
 */
function learned(own: ScaledTensor, values: Float32Array, steps: Float32Array | undefined, octave: number) {
  const { scales, inner } = own;
  const most = OCTAVES * octave;
  const whole = Array.from(scales, (_, row) => Math.max(-most, Math.min(most, codeAt(SCALE * (steps?.[row] ?? 0)))));
  return {
    ...own,
    scales: scales.map((scale, row) =>
      whole[row] === 0 ? scale : scaleFor(scale * 2 ** (whole[row] / octave), octave),
    ),
    codes: Int16Array.from(values, (value, i) => {
      const row = Math.floor(i / inner) % scales.length;
      return codeAt(value / 2 ** (whole[row] / octave));
    }),
  };
}

/** A code, rounded as ONNX rounds: halves to the even number; within those that a file holds. */
export function codeAt(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  const code = part > 0.5 || (part === 0.5 && below % 2 !== 0) ? below + 1 : below;
  return Math.max(-MOST_CODE, Math.min(MOST_CODE, code));
}

const straight: GradientRule = ({ gradient }) => [gradient];

/** The gradient rules with one that lets rounding pass. */
export const roundingRules: ReadonlyMap<string, GradientRule> = new Map([...gradientRules, ["Round", straight]]);
