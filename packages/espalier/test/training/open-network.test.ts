import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { conv2d, dense, flatten, relu } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { OpenNetwork } from "../../src/training/open-network.ts";
import { parametersOf, trainableParameters } from "../../src/training/parameters.ts";

const native = nodeEngine({ threads: 1 });
const build = (seed: number) =>
  sequential([conv2d(4, 3), relu(), flatten(), dense(3)], { name: "net", input: [2, 6, 6], seed });

/** A network, and how often its parameters were compiled: fed ones, and constants. */
async function opened(parameters?: readonly string[]) {
  const compiled: string[] = [];
  const engine: Engine = {
    ...native,
    compile(model, options) {
      compiled.push(options?.resident?.length ? "fed" : "constant");
      return native.compile(model, options);
    },
  };
  const annotated = await annotate(native, build(1), { batch: 2 });
  const names = parameters ?? trainableParameters(annotated);
  const network = await OpenNetwork.create(engine, annotated, { model: annotated, carry: {}, parameters: names });
  const outputs = async (samples: number) => {
    const { program, giveBack } = await network.lend(samples);
    const [input] = annotated.inputs;
    const given = float32([2, 2, 6, 6]).data.map((_, i) => Math.sin(i));
    const results = await program.run({ [input.name]: { dtype: "float32", dims: [2, 2, 6, 6], data: given } });
    await giveBack();
    return Array.from<number | bigint, number>(results[annotated.outputs[0].name].data, Number);
  };
  return { network, outputs, compiled };
}

const MANY = 1e9;

describe("a network whose parameters change", () => {
  it("is compiled with constants where that pays for so many samples, and computes the same", async () => {
    const { network, outputs, compiled } = await opened();
    const [few, many] = [await outputs(2), await outputs(MANY)];
    expect(compiled).toEqual(["fed", "constant"]);
    network.load(parametersOf(build(2), trainableParameters(build(2))));
    const [fewAfter, manyAfter] = [await outputs(2), await outputs(MANY)];
    expect(compiled).toEqual(["fed", "constant", "constant"]);
    for (const [i, value] of few.entries()) expect(many[i]).toBeCloseTo(value, 4);
    for (const [i, value] of fewAfter.entries()) expect(manyAfter[i]).toBeCloseTo(value, 4);
    expect(fewAfter[0]).not.toBeCloseTo(few[0], 2);
    await network.release();
  });

  it("keeps what it was given when that changes later", async () => {
    const { network, outputs } = await opened();
    const before = await outputs(MANY);
    const parameters = parametersOf(build(1), trainableParameters(build(1)));
    network.load(parameters);
    for (const { data } of parameters.values()) data.fill(7);
    expect(await outputs(MANY)).toEqual(before);
    await network.release();
  });

  it("is compiled once, with constants, where nothing changes", async () => {
    const { network, outputs, compiled } = await opened([]);
    await outputs(2);
    await outputs(MANY);
    expect(compiled).toEqual(["constant"]);
    expect(() => network.load(new Map([["conv1.weight", float32([1])]]))).toThrow(/"conv1.weight" cannot be replaced/);
    await network.release();
  });

  it("takes parameters of its own shapes only, and has those that are named", async () => {
    const { network } = await opened();
    expect(() => network.load(new Map([["conv1.weight", float32([1])]]))).toThrow(
      /"conv1.weight" is float32\[4,2,3,3\], not float32\[1\]/,
    );
    await network.release();
    await expect(opened(["nothing"])).rejects.toThrow(/has no parameter "nothing"/);
  });
});
