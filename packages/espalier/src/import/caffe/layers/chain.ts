import type { Attributes } from "../../../onnx/attributes.ts";
import type { LayerBuild } from "../layer-build.ts";

/** An elementwise operator on a value and, behind it, constants. */
export interface Step {
  readonly op: string;
  readonly constants?: readonly number[];
  readonly attributes?: Attributes;
}

/** scale * x + shift; nothing where that is x. */
export function affine(scale: number, shift: number): Step[] {
  const steps: Step[] = [];
  if (scale !== 1) steps.push({ op: "Mul", constants: [scale] });
  if (shift !== 0) steps.push({ op: "Add", constants: [shift] });
  return steps;
}

/** Makes a layer of elementwise operators, one behind the other. */
export function chain(layer: LayerBuild, steps: readonly Step[]): void {
  const { value, shape } = layer.bottom;
  const inputs = (from: string, { constants = [] }: Step) => [from, ...constants.map((c) => layer.scalar(c))];
  const last: Step = steps.at(-1) ?? { op: "Identity" };
  const before = steps
    .slice(0, -1)
    .reduce((from, step) => layer.emit(step.op, inputs(from, step), step.attributes), value);
  layer.finish(last.op, inputs(before, last), last.attributes ?? {}, shape);
}
