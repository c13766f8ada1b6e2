import { expect } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.ts";
import { annotate } from "../../src/engine/annotate.ts";
import type { Tensors } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, OPSET } from "../../src/onnx/graph.ts";
import { type NumericTensor, sizeOf } from "../../src/onnx/tensor.ts";
import { type Random, random } from "../../src/random.ts";

export type Float = "float32" | "float64";

/** An operator under test, with its inputs. */
export interface Case {
  /** Shapes of the inputs x0, x1, ... */
  readonly inputs: readonly (readonly number[])[];
  /** Adds the operator over x0, x1, ... and gives the value to look at. */
  readonly build: (graph: GraphBuilder, dtype: Float) => string;
  /** The values of the inputs; default: uniform in [-2, 2). */
  readonly values?: (stream: Random, size: number, input: number) => number[];
  /** Inputs that are differentiated; default: all. */
  readonly wrt?: readonly number[];
  readonly dtype?: Float;
  /** The operator set; default: the project's own. */
  readonly opset?: number;
  /** How far to go for the difference: as far as the operator is linear, else little. */
  readonly step?: number;
  readonly seed: number;
}

const engine = nodeEngine({ threads: 1 });
const DIRECTIONS = 2;

/**
 * Compares gradients with central differences: with L = sum(y * r), r random, <dL/dx, d> against
 * (L(x + h d) - L(x - h d)) / 2h along random directions d, one input at a time.
 */
export async function checkGradient(given: Case): Promise<void> {
  const { inputs, build, dtype = "float64", wrt = inputs.map((_, i) => i), opset = OPSET, seed } = given;
  const step = given.step ?? (dtype === "float64" ? 1e-5 : 1e-2);
  const stream = random(seed, "check-gradient");
  const names = inputs.map((_, i) => `x${i}`);
  const tensor = (dims: readonly number[], numbers: number[]): NumericTensor => ({
    dtype,
    dims,
    data: dtype === "float64" ? Float64Array.from(numbers) : Float32Array.from(numbers),
  });

  const model = emptyModel("case");
  model.opsets.set("", opset);
  inputs.forEach((shape, i) => {
    model.inputs.push({ name: names[i], dtype, shape });
  });
  const y = build(new GraphBuilder(model), dtype);
  model.outputs = [{ name: y }];
  const typed = await annotate(engine, model, {});
  const [{ shape: dims = [] }] = typed.outputs;
  const graph = new GraphBuilder(typed);
  const weights = graph.initializer("r", tensor(dims.map(Number), uniform(stream, sizeOf(dims.map(Number)))));
  const weighted = graph.emit("Mul", [y, weights]);
  const loss = graph.emit("ReduceSum", [weighted], { keepdims: { kind: "int", value: 0 } });
  typed.values.set(y, typed.outputs[0]).set(weighted, { name: weighted, dtype, shape: dims });
  typed.outputs = [{ name: loss, dtype, shape: [] }];

  const wanted = wrt.map((i) => names[i]);
  const { model: backward, gradients } = differentiate(typed, loss, wanted);
  backward.outputs = [loss, ...wanted.map((name) => gradients.get(name) ?? "")].map((name) => ({ name }));
  const program = await engine.compile(backward);
  const feeds: Tensors = {};
  inputs.forEach((shape, i) => {
    feeds[names[i]] = tensor(shape, (given.values ?? uniform)(stream, sizeOf(shape), i));
  });
  try {
    const found = await program.run(feeds);
    const lossAt = async (name: string, numbers: number[]) => {
      const outputs = await program.run({ ...feeds, [name]: tensor(feeds[name].dims, numbers) });
      return Number(outputs[loss].data[0]);
    };
    for (const name of wanted) {
      const x = Array.from(feeds[name].data, Number);
      const gradient = found[gradients.get(name) ?? ""];
      expect(gradient.dims, `shape of the gradient of ${name}`).toEqual(feeds[name].dims);
      const g = Array.from(gradient.data, Number);
      for (let i = 0; i < DIRECTIONS; i++) {
        const direction = x.map(() => (stream.uniform() < 0.5 ? -1 : 1));
        const ahead = await lossAt(
          name,
          x.map((value, j) => value + step * direction[j]),
        );
        const behind = await lossAt(
          name,
          x.map((value, j) => value - step * direction[j]),
        );
        const difference = (ahead - behind) / (2 * step);
        const along = g.reduce((sum, value, j) => sum + value * direction[j], 0);
        // The difference loses digits to rounding: of the sums in the loss, divided by the step.
        const scale = g.reduce((sum, value) => sum + Math.abs(value), 1e-3) + Math.abs(ahead);
        const tolerance = dtype === "float64" ? 1e-6 : step >= 0.1 ? 1e-4 : 2e-3;
        expect(Math.abs(along - difference) / scale, `d loss / d ${name}: ${along} against ${difference}`).toBeLessThan(
          tolerance,
        );
      }
    }
  } finally {
    await program.release();
  }
}

/** Uniform in [-2, 2). */
export function uniform(stream: Random, size: number): number[] {
  return Array.from({ length: size }, () => 4 * stream.uniform() - 2);
}

/** Uniform in [0.5, 2.5). */
export function positive(stream: Random, size: number): number[] {
  return Array.from({ length: size }, () => 0.5 + 2 * stream.uniform());
}

/** Uniform in [-2, 2) but for a gap around each kink. */
export function awayFrom(...kinks: number[]): (stream: Random, size: number) => number[] {
  return (stream, size) =>
    uniform(stream, size).map((value) => (kinks.some((kink) => Math.abs(value - kink) < 0.1) ? value + 0.3 : value));
}

/** Whole numbers, each once: no two are so near that a small step changes their order. */
export function distinct(stream: Random, size: number): number[] {
  const numbers = Array.from({ length: size }, (_, i) => i - size / 2);
  for (let i = size - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    [numbers[i], numbers[j]] = [numbers[j], numbers[i]];
  }
  return numbers;
}
