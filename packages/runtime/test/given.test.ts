import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { conv2d, dense, flatten, relu, sequential } from "../../espalier/src/index.ts";
import { writeModel } from "../../espalier/src/onnx/write.ts";
import { Network } from "../src/index.ts";

const MODULE = new URL("../kernels.wasm", import.meta.url);

describe("kernels that are given as a module", () => {
  const layers = [conv2d(4, 3), relu(), flatten(), dense(5)];
  const bytes = writeModel(sequential(layers, { name: "small", input: [1, 6, 6], seed: 1 }));
  const compiled = () => WebAssembly.compile(readFileSync(MODULE));

  it("give the numbers of those that the runtime compiles", async () => {
    const data = Float32Array.from({ length: 36 }, (_, i) => Math.sin(i));
    const [given, plain] = await Promise.all(
      [await compiled(), "plain" as const].map((kernels) => Network.load(bytes, { kernels })),
    );
    const [found, expected] = [given, plain].map((network) => {
      const [output] = network.outputs;
      return network.run({ [network.inputs[0]]: { dims: [1, 1, 6, 6], data } })[output].data;
    });
    expect(found).toHaveLength(5);
    for (const [i, value] of found.entries()) expect(Number(value)).toBeCloseTo(Number(expected[i]), 5);
  });

  it("run on one thread, and are refused with more", async () => {
    const kernels = await compiled();
    expect((await Network.load(bytes, { kernels })).threads).toBe(1);
    await expect(Network.load(bytes, { kernels, threads: 2 })).rejects.toThrow(/run on one thread/);
  });

  it("are refused where they are none, or those of something else", async () => {
    await expect(Network.load(bytes, { kernels: "fast" })).rejects.toThrow(/neither "simd" nor "plain"/);
    const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    await expect(Network.load(bytes, { kernels: empty })).rejects.toThrow(/has no such/);
  });

  it("are refused where they want more than memory", async () => {
    // Imports a function "b" of "a".
    const other = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x62, 0, 0];
    const kernels = new WebAssembly.Module(Uint8Array.from(other));
    await expect(Network.load(bytes, { kernels })).rejects.toThrow(/has no such/);
  });
});
