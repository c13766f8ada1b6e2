import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, scalar } from "../../src/onnx/tensor.ts";
import { type Optimizer, transformOf } from "../../src/training/optimizer.ts";
import { LEARNING_RATE, maskOf, STEP, type StepOptions, wholeStep } from "../../src/training/step-graph.ts";

const engine = nodeEngine({ threads: 1 });
const W = [1, -2, 0.5, 0];
const STEPS = 5;
const RATE = 0.1;

/** loss = sum(w^2 x) / 2, whose gradient is w x. */
function quadratic(): Model {
  const model = emptyModel("quadratic");
  model.inputs.push({ name: "x", dtype: "float32", shape: [4] });
  model.initializers.set("w", float32([4], Float32Array.from(W)));
  const graph = new GraphBuilder(model);
  const terms = graph.emit("Mul", [graph.emit("Mul", ["w", "w"]), "x"]);
  const sum = graph.emit("ReduceSum", [terms], { keepdims: { kind: "int", value: 0 } });
  graph.emit("Mul", [sum, graph.scalar("float32", 0.5)], {}, "loss");
  model.outputs = [{ name: "loss" }];
  return model;
}

const X = [1, 0.5, -1, 2];

async function run(options: Partial<StepOptions>, mask?: number[]): Promise<number[]> {
  const objective = await annotate(engine, quadratic(), {});
  const masked = new Set(mask ? ["w"] : []);
  const step = wholeStep(objective, {
    parameters: ["w"],
    optimizer: transformOf({ name: "sgd", momentum: 0 }),
    masked,
    ...options,
  });
  const program = await engine.compile(step.model, step);
  program.load(
    "w",
    float32(
      [4],
      Float32Array.from(W, (w, i) => w * (mask?.[i] ?? 1)),
    ),
  );
  if (mask) program.load(maskOf("w"), float32([4], Float32Array.from(mask)));
  const counts = step.model.inputs.some(({ name }) => name === STEP);
  for (let t = 1; t <= STEPS; t++) {
    await program.run({
      x: float32([4], Float32Array.from(X)),
      [LEARNING_RATE]: scalar("float32", RATE),
      ...(counts ? { [STEP]: scalar("float32", t) } : {}),
    });
  }
  const w = await program.read("w");
  await program.release();
  return Array.from(w.data, Number);
}

/** The same by the textbook, number by number. */
function reference(update: (g: number, w: number, memory: Record<string, number>, t: number) => number): number[] {
  return W.map((start, i) => {
    const memory: Record<string, number> = { v: 0, m: 0, s: 0 };
    let w = start;
    for (let t = 1; t <= STEPS; t++) w -= RATE * update(w * X[i], w, memory, t);
    return w;
  });
}

function expectClose(found: number[], expected: number[]) {
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i], 5);
}

const adam = (g: number, memory: Record<string, number>, t: number) => {
  memory.m = 0.9 * memory.m + 0.1 * g;
  memory.s = 0.999 * memory.s + 0.001 * g * g;
  return memory.m / (1 - 0.9 ** t) / (Math.sqrt(memory.s / (1 - 0.999 ** t)) + 1e-8);
};

describe("optimizers follow their equations", () => {
  it.each<[Optimizer, Parameters<typeof reference>[0]]>([
    [{ name: "sgd", momentum: 0 }, (g) => g],
    [{ name: "sgd", momentum: 0.9 }, (g, _, memory) => (memory.v = 0.9 * memory.v + g)],
    [
      { name: "sgd", momentum: 0.9, nesterov: true },
      (g, _, memory) => {
        memory.v = 0.9 * memory.v + g;
        return g + 0.9 * memory.v;
      },
    ],
    [{ name: "adam" }, (g, _, memory, t) => adam(g, memory, t)],
    [{ name: "adamw", decay: 0.1 }, (g, w, memory, t) => adam(g, memory, t) + 0.1 * w],
  ])("%o", async (optimizer, update) => {
    expectClose(await run({ optimizer: transformOf(optimizer) }), reference(update));
  });

  it("L1 and L2 regularization", async () => {
    expectClose(
      await run({ regularization: new Map([["w", { l1: 0.3, l2: 0.2 }]]) }),
      reference((g, w) => g + 0.2 * w + 0.3 * Math.sign(w)),
    );
  });

  it("clipping by value and by norm", async () => {
    expectClose(
      await run({ clipping: { value: 0.4 } }),
      reference((g) => Math.max(-0.4, Math.min(0.4, g))),
    );
    const norm = 0.5;
    let w = [...W];
    for (let t = 0; t < STEPS; t++) {
      const g = w.map((value, i) => value * X[i]);
      const length = Math.hypot(...g);
      w = w.map((value, i) => value - RATE * g[i] * Math.min(1, norm / length));
    }
    expectClose(await run({ clipping: { norm } }), w);
  });
});

describe("a cut connection stays exactly zero", () => {
  it.each<[Optimizer, Partial<StepOptions>]>([
    [{ name: "sgd", momentum: 0.9, nesterov: true }, {}],
    [{ name: "adam" }, { clipping: { norm: 1 } }],
    [{ name: "adamw", decay: 0.1 }, { regularization: new Map([["w", { l1: 0.1, l2: 0.1 }]]) }],
  ])("under %o", async (optimizer, options) => {
    const masked = await run({ optimizer: transformOf(optimizer), ...options }, [1, 0, 1, 1]);
    expect(Math.abs(masked[1])).toBe(0);
    expect(masked[0]).not.toBe(W[0]);
  });
});
