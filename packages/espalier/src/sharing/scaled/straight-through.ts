import type { GradientRule } from "../../autodiff/rule.ts";
import { gradientRules } from "../../autodiff/rules.ts";
import { GraphBuilder } from "../../onnx/builder.ts";
import { copyModel, type Model } from "../../onnx/graph.ts";
import { type FloatTensor, float32, isFloat32 } from "../../onnx/tensor.ts";
import { upgrade } from "../../onnx/upgrade.ts";
import type { Masks, Parameters } from "../../training/parameters.ts";
import { isScaled, type Scaling } from "./rounded.ts";
import { MOST_CODE } from "./scaled.ts";

/** A network whose parameters are codes, before they are rounded, so that training decides them anew. */
export interface Rounding {
  readonly model: Model;
  /** The names of what is trained. */
  readonly parameters: readonly string[];
  /** The names of what is not: the scales, and tensors that are no codes. */
  readonly frozen: readonly string[];
  /** Of parameters with cut connections. */
  readonly masks: Masks;
  /** What training made of the codes. */
  read(trained: Parameters): Scaling;
}

/**
 * Rewrites a network so that it computes its scaled tensors from codes that are rounded in each step, and whose gradient
 * is that of the rounded ones (the straight-through estimator: Bengio et al., arXiv 1308.3432). In units of codes all
 * weights are alike to an optimizer.
 * @param whole the network as it came, whose zeros stay zero
 */
export function rounding(source: Model, scaling: Scaling): Rounding {
  const model = copyModel(upgrade(source));
  const { nodes } = model;
  model.nodes = [];
  const graph = new GraphBuilder(model, "codes/");
  for (const { outputs } of nodes) for (const output of outputs) graph.reserve(output);
  const names = new Map<string, string>();
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
    model.initializers.delete(name);
    model.inputs = model.inputs.filter((input) => input.name !== name);
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
    const rounded = graph.emit("Round", [parameter]);
    const arranged = graph.emit("Reshape", [rounded, graph.ints([-1, scales.length, scales.length === 1 ? 1 : inner])]);
    const factors = graph.initializer(`${name}/scales`, float32([1, scales.length, 1], scales));
    frozen.push(factors);
    graph.emit("Reshape", [graph.emit("Mul", [arranged, factors]), graph.ints(dims)], {}, name);
  }
  model.nodes.push(...nodes);
  return {
    model,
    parameters: [...names.values()],
    frozen,
    masks,
    read(trained) {
      const found = new Map(scaling);
      for (const [name, parameter] of names) {
        const [own, values] = [scaling.get(name), trained.get(parameter)?.data];
        if (own && isScaled(own) && values) found.set(name, { ...own, codes: Int16Array.from(values, codeAt) });
      }
      return found;
    },
  };
}

/** As ONNX rounds: halves to the even number. */
function codeAt(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  const code = part > 0.5 || (part === 0.5 && below % 2 !== 0) ? below + 1 : below;
  return Math.max(-MOST_CODE, Math.min(MOST_CODE, code));
}

const straight: GradientRule = ({ gradient }) => [gradient];

/** The gradient rules with one that lets rounding pass. */
export const roundingRules: ReadonlyMap<string, GradientRule> = new Map([...gradientRules, ["Round", straight]]);
