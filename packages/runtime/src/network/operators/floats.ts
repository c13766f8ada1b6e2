import { ACTIVATION, PAIRWISE } from "../../kernels/kernels.ts";
import { sizeOf } from "../elements.ts";
import type { Planning, Step, Value } from "../operator.ts";
import { placesOf, stepsOf } from "./shapes.ts";

type Float = Value<"float32">;

/** Axes that are gone through as one: how many elements, and how far apart they are in each operand. */
interface Run {
  length: number;
  readonly a: number;
  readonly b: number;
}

/** The axes of a shape to which two are stretched, the last one first: those along which both go on evenly are one. */
function runsOf(dims: readonly number[], a: readonly number[], b: readonly number[]): Run[] {
  const [left, right] = [stepsTo(a, dims), stepsTo(b, dims)];
  const runs: Run[] = [];
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (dims[axis] === 1) continue;
    const last = runs.at(-1);
    const goesOn = last && left[axis] === last.a * last.length && right[axis] === last.b * last.length;
    if (goesOn) last.length *= dims[axis];
    else runs.push({ length: dims[axis], a: left[axis], b: right[axis] });
  }
  return runs;
}

/** How far apart the elements of a shape are along the axes of a larger one. */
function stepsTo(from: readonly number[], to: readonly number[]): number[] {
  const lead = to.length - from.length;
  const steps = stepsOf(from);
  return to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : steps[axis - lead]));
}

const ONE: Run = { length: 1, a: 0, b: 0 };

/** Applies a kernel to the elements of two values that are stretched to the shape of an output, which may be one of them. */
export function pairwise(context: Planning, operation: keyof typeof PAIRWISE, a: Float, b: Float, y: Float): Step {
  const { kernels } = context.machine;
  const [code, count] = [PAIRWISE[operation], sizeOf(y.dims)];
  const [left, right, output] = [a, b, y].map((value) => context.at(value));
  const [elements = ONE, rows = ONE, ...outer] = runsOf(y.dims, a.dims, b.dims);
  outer.reverse();
  const lengths = outer.map(({ length }) => length);
  const [leftAt, rightAt] = (["a", "b"] as const).map((side) =>
    placesOf(
      lengths,
      outer.map((run) => run[side]),
    ),
  );
  const block = 4 * rows.length * elements.length;
  return () => {
    for (let i = 0; i < leftAt.length && count > 0; i++) {
      kernels.pairwise(
        code,
        rows.length,
        elements.length,
        left + 4 * leftAt[i],
        4 * rows.a,
        4 * elements.a,
        right + 4 * rightAt[i],
        4 * rows.b,
        4 * elements.b,
        output + i * block,
      );
    }
  };
}

/** Applies a kernel that two numbers may shape to each element; they are asked for at each run. */
export function activate(
  context: Planning,
  activation: keyof typeof ACTIVATION,
  x: Float,
  shape: () => readonly [p: number, q: number] = unshaped,
  rectified = false,
): Step {
  const { kernels } = context.machine;
  const [code, count] = [ACTIVATION[activation], sizeOf(x.dims)];
  const [input, output] = [context.at(x), context.at(context.output("float32", x.dims, { rectified }))];
  return () => {
    const [p, q] = shape();
    kernels.activate(code, count, input, output, p, q);
  };
}

const UNSHAPED = [0, 0] as const;
const unshaped = () => UNSHAPED;

/** True of a value of float32. */
export function isFloat32(value: Value): value is Float {
  return value.type === "float32";
}
