import * as onnxruntime from "onnxruntime-node";
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { encode } from "../../espalier/src/coding/encode.ts";
import { type Attributes, int } from "../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../espalier/src/onnx/builder.ts";
import { emptyModel, type Model, type Value } from "../../espalier/src/onnx/graph.ts";
import { writeModel } from "../../espalier/src/onnx/write.ts";
import { type OnnxRuntime, open, UnsupportedError, UserError } from "../src/index.ts";

const BFLOAT16 = 16;
const FLOAT = 1;

interface Shape {
  readonly columns: number | string;
  /** Types that ONNX Runtime casts over, and the runtime does not hold. */
  readonly foreign: boolean;
  readonly k?: Value;
}

/** y = relu(x) k, by way of numbers of another type where the runtime is to lack something. */
function modelOf({ columns, foreign, k = { name: "k", dtype: "int64", shape: [] } }: Shape): Model {
  const model = emptyModel("test");
  model.opsets.set("", 17);
  model.irVersion = 8;
  model.inputs.push({ name: "x", dtype: "float32", shape: [1, columns] }, k);
  const graph = new GraphBuilder(model);
  const cast = (x: string, to: number) => graph.emit("Cast", [x], { to: int(to) } satisfies Attributes);
  const relu = graph.emit("Relu", ["x"]);
  const product = graph.emit("Mul", [
    foreign ? cast(cast(relu, BFLOAT16), FLOAT) : relu,
    graph.emit("Cast", ["k"], { to: int(FLOAT) }),
  ]);
  model.outputs.push({ name: product, dtype: "float32", shape: [1, columns] });
  return model;
}

const x = { dims: [1, 3], data: Float32Array.of(-1, 2, 3) };
const k = { dims: [], data: BigInt64Array.of(2n) };
const EXPECTED = { type: "float32", dims: [1, 3], data: Float32Array.of(0, 4, 6) };

describe("a network that is opened", () => {
  it("runs in this runtime where it can, and asks for no other", async () => {
    const lazily = vi.fn(() => onnxruntime);
    const network = await open(writeModel(modelOf({ columns: "n", foreign: false })), { onnxruntime: lazily });
    expect(await network.run({ x, k })).toEqual({ [network.outputs[0]]: EXPECTED });
    expect([network.runtime, network.unsupported]).toEqual(["espalier", undefined]);
    expect(lazily).not.toHaveBeenCalled();
  });

  it.each([
    ["the module", onnxruntime],
    ["a function", () => onnxruntime],
    ["a function that imports it", () => import("onnxruntime-node")],
  ])("runs in ONNX Runtime where it must, of %s", async (_, given) => {
    const bytes = encode(modelOf({ columns: 3, foreign: true }), { mode: "huffman" });
    const network = await open(bytes, { onnxruntime: given });
    expect(network.runtime).toBe("onnxruntime");
    expect(network.unsupported).toBeInstanceOf(UnsupportedError);
    expect(network.inputs).toEqual(["x", "k"]);
    expect(await network.run({ x, k })).toEqual({ [network.outputs[0]]: EXPECTED });
    await network.release();
  });

  it("goes over to ONNX Runtime once, when a run shows that it must", async () => {
    const lazily = vi.fn(() => onnxruntime);
    const network = await open(writeModel(modelOf({ columns: "n", foreign: true })), { onnxruntime: lazily });
    expect(network.runtime).toBe("espalier");
    const found = await Promise.all([network.run({ x, k }), network.run({ x, k })]);
    found.push(await network.run({ x, k }));
    expect(found).toEqual(Array.from({ length: 3 }, () => ({ [network.outputs[0]]: EXPECTED })));
    expect(network.runtime).toBe("onnxruntime");
    expect(network.unsupported?.message).toMatch(/^Cast/);
    expect(lazily).toHaveBeenCalledTimes(1);
    await network.release();
  });

  it("tries ONNX Runtime again where it could not be had", async () => {
    const lazily = vi.fn(() => onnxruntime);
    lazily.mockImplementationOnce(() => {
      throw new Error("The page is offline.");
    });
    const network = await open(writeModel(modelOf({ columns: "n", foreign: true })), { onnxruntime: lazily });
    await expect(network.run({ x, k })).rejects.toThrow("offline");
    expect(await network.run({ x, k })).toEqual({ [network.outputs[0]]: EXPECTED });
    await network.release();
  });

  it.each([false, true])("is the same in either: ONNX Runtime %s", async (foreign) => {
    const bytes = writeModel(modelOf({ columns: 3, foreign }));
    const network = await open(bytes, { onnxruntime, fixed: { k: 2n } });
    const [output] = network.outputs;
    expect(network.runtime).toBe(foreign ? "onnxruntime" : "espalier");
    expect(network.inputs).toEqual(["x"]);
    const into = new Float32Array(3);
    const { data } = (await network.run({ x }, { [output]: into }))[output];
    expect(data).toBe(into);
    expect(into).toEqual(EXPECTED.data);
    await expect(network.run({})).rejects.toThrow(/input "x" is missing: the network takes x\./);
    await expect(network.run({ x: { dims: [3], data: x.data } })).rejects.toThrow(/is fed \[3\]: feed \[1,3\]/);
    await expect(network.run({ x: { dims: [1, 3], data: Int32Array.of(1, 2, 3) } })).rejects.toThrow(UserError);
    await expect(network.run({ x }, { [output]: new Float32Array(2) })).rejects.toThrow(/is 3 float32/);
    await expect(network.run({ x, k })).rejects.toThrow(/does not take "k", or it was fixed: feed x by name/);
    await expect(network.run({ x }, { z: into })).rejects.toThrow(/no output "z" to write/);
    await expect(Reflect.apply(network.run, network, [])).rejects.toThrow(/An object is missing: feed x by name/);
    await expect(open(bytes, { onnxruntime, fixed: { z: 1 } })).rejects.toThrow(/no input "z" to fix/);
    const misspelled = { onnxruntime, thread: 2 };
    await expect(open(bytes, misspelled)).rejects.toThrow(/no option "thread": .*onnxruntime, session, fixed/);
    await network.release();
    await network.release();
    await expect(network.run({ x })).rejects.toThrow(/was released/);
  });

  it("takes other element types in ONNX Runtime too, and numbers that are whole for those of whole numbers", async () => {
    for (const dtype of ["bool", "int32", "float16"] as const) {
      const bytes = writeModel(modelOf({ columns: 3, foreign: true, k: { name: "k", dtype, shape: [1] } }));
      const network = await open(bytes, { onnxruntime });
      const two = { bool: Uint8Array.of(1), int32: Float32Array.of(2), float16: Uint16Array.of(0x4000) }[dtype];
      const { data } = (await network.run({ x, k: { dims: [1], data: two } }))[network.outputs[0]];
      expect([...data]).toEqual(dtype === "bool" ? [0, 2, 3] : [0, 4, 6]);
      await network.release();
    }
  });

  it.each([true, false])("is read from an ArrayBuffer, as a response gives it: ONNX Runtime %s", async (foreign) => {
    const { buffer } = Uint8Array.from(writeModel(modelOf({ columns: 3, foreign })));
    const network = await open(buffer, { onnxruntime });
    expect(network.runtime).toBe(foreign ? "onnxruntime" : "espalier");
    expect(await network.run({ x, k })).toEqual({ [network.outputs[0]]: EXPECTED });
    await network.release();
  });

  it("refuses what is not a model without asking for ONNX Runtime", async () => {
    const lazily = vi.fn(() => onnxruntime);
    await expect(open(Uint8Array.of(1, 2, 3), { onnxruntime: lazily })).rejects.toThrow(UserError);
    expect(lazily).not.toHaveBeenCalled();
  });

  it("refuses an ONNX Runtime that does not tell the types of inputs, and ends its session", async () => {
    const release = vi.fn(async () => {});
    const session = { outputNames: ["y"], run: async () => ({}), release };
    const old: OnnxRuntime = { InferenceSession: { create: async () => session }, Tensor: onnxruntime.Tensor };
    const bytes = writeModel(modelOf({ columns: 3, foreign: true }));
    await expect(open(bytes, { onnxruntime: old })).rejects.toThrow(/take a newer version/);
    expect(release).toHaveBeenCalledTimes(1);
  });

  it("takes the modules of ONNX Runtime by their types", () => {
    expectTypeOf<typeof import("onnxruntime-web")>().toExtend<OnnxRuntime>();
    expectTypeOf<typeof import("onnxruntime-node")>().toExtend<OnnxRuntime>();
  });
});
