import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attributes, int, ints } from "../../src/onnx/attributes.ts";
import { BLOCKED_DOMAIN } from "../../src/onnx/blocked/node.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { float32, sizeOf } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";

const engine = nodeEngine({ threads: 1 });
const size = await engine.blockSize?.();

const convolutions: readonly [name: string, input: number[], filter: number[], attributes: Attributes][] = [
  ["padded", [16, 16, 8, 8], [16, 16, 3, 3], { pads: ints([1, 1, 1, 1]) }],
  ["of two blocks", [32, 32, 8, 8], [32, 32, 3, 3], {}],
  [
    "with strides that leave a rest",
    [16, 16, 18, 17],
    [32, 16, 3, 3],
    { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) },
  ],
  ["of every second place", [16, 32, 16, 16], [16, 32, 1, 1], { strides: ints([2, 2]) }],
  ["unevenly padded", [16, 16, 9, 10], [16, 16, 5, 2], { pads: ints([0, 1, 3, 0]) }],
];

/** The gradient of a convolution's filter, and the operators that it takes. */
async function filterGradient(input: number[], filter: number[], attributes: Attributes, blockSize?: number) {
  const model = emptyModel("conv");
  model.inputs.push({ name: "x", dtype: "float32", shape: input }, { name: "w", dtype: "float32", shape: filter });
  const graph = new GraphBuilder(model);
  const y = graph.emit("Conv", ["x", "w"], attributes);
  graph.emit("ReduceSum", [graph.emit("Mul", [y, y])], { keepdims: int(0) }, "loss");
  model.outputs = [{ name: "loss" }];
  const result = differentiate(await annotate(engine, model, {}), "loss", ["w"], undefined, blockSize);
  const name = result.gradients.get("w") ?? "";
  result.model.outputs = [{ name }];
  const program = await engine.compile(result.model);
  const { normal } = random(3, "conv");
  const tensor = (dims: number[]) => float32(dims, Float32Array.from({ length: sizeOf(dims) }, normal));
  const { [name]: gradient } = await program.run({ x: tensor(input), w: tensor(filter) });
  await program.release();
  return { gradient, blocked: result.model.nodes.some(({ op, domain }) => op === "Conv" && domain === BLOCKED_DOMAIN) };
}

describe.runIf(size !== undefined)("a filter's gradient by blocked kernels", () => {
  it.each(convolutions)("is the plain one: %s", async (_, input, filter, attributes) => {
    const ours = await filterGradient(input, filter, attributes, size);
    const plain = await filterGradient(input, filter, attributes);
    expect([ours.blocked, plain.blocked]).toEqual([true, false]);
    expect(ours.gradient.dims).toEqual(plain.gradient.dims);
    const [found, expected] = [ours, plain].map(({ gradient }) =>
      Array.from<number | bigint, number>(gradient.data, Number),
    );
    const largest = Math.max(...expected.map(Math.abs));
    expect(Math.max(...found.map((value, i) => Math.abs(value - expected[i])))).toBeLessThan(1e-5 * largest);
  });
});
