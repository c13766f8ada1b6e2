import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { conv2d, dense, flatten, relu, sequential } from "../../espalier/src/index.ts";
import { writeModel } from "../../espalier/src/onnx/write.ts";
import { Network } from "../src/index.ts";
import { machine } from "../src/kernels/machine.ts";
import { SIMD } from "../src/kernels/wasm.ts";

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
    await expect(Network.load(bytes, { kernels: empty })).rejects.toThrow(/does not have the correlate/);
  });

  it("are refused where they want more than memory", async () => {
    // Imports a function "b" of "a".
    const other = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x62, 0, 0];
    const kernels = new WebAssembly.Module(Uint8Array.from(other));
    await expect(Network.load(bytes, { kernels })).rejects.toThrow(/does not have the correlate/);
  });
});

describe("kernels that are chosen", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** An engine that takes the forms of so many bytes alone. */
  function takes(lengths: readonly number[]) {
    const { validate } = WebAssembly;
    vi.spyOn(WebAssembly, "validate").mockImplementation((code) => lengths.includes(code.byteLength) && validate(code));
    return vi.spyOn(WebAssembly, "compile");
  }
  const bytesIn = (code: string) => Buffer.from(code, "hex").length;

  it("are without relaxed SIMD where the engine has none", async () => {
    const compile = takes([bytesIn(SIMD)]);
    expect((await machine()).kind).toBe("simd");
    expect(compile).toHaveBeenCalledTimes(1);
    expect(Buffer.from(compile.mock.calls[0][0] as Uint8Array)).toEqual(Buffer.from(SIMD, "hex"));
  });

  it("are on one thread where no memory can be shared, or there are no workers", async () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    const alone = await machine({ threads: 2 });
    expect([alone.kind, alone.crew]).toEqual(["simd", undefined]);
    vi.unstubAllGlobals();
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
    expect((await machine({ threads: 2 })).crew).toBeUndefined();
  });

  it("share a module without relaxed SIMD where the engine has none", async () => {
    const compile = takes([bytesIn(SIMD)]);
    const { kind, crew } = await machine({ threads: 2 });
    expect([kind, crew?.size]).toEqual(["simd", 2]);
    expect(compile.mock.calls[0][0].byteLength).toBe(bytesIn(SIMD));
    crew?.release();
  });

  it("are plain where the engine has no SIMD, or compiles nothing", async () => {
    takes([]);
    expect((await machine({ threads: 2 })).kind).toBe("plain");
    await expect(machine({ kernels: "simd" })).rejects.toThrow(/WebAssembly SIMD is not available here/);
    vi.restoreAllMocks();
    vi.spyOn(WebAssembly, "compile").mockRejectedValue(new WebAssembly.CompileError("A policy forbids it."));
    expect((await machine({ threads: 2 })).kind).toBe("plain");
  });
});

it("a call that fails on any thread is thrown, and the crew goes on", async () => {
  const { crew, heap } = await machine({ threads: 2 });
  if (!crew) throw new Error("There is no crew.");
  const bias = heap.allocate(4);
  const y = heap.allocate(4);
  const product = (at: number) => ["multiply", 1, 0, at, at, at, y, 0] as const;
  const outside = 2 ** 31 - 64;
  heap.floats(bias, 1)[0] = 3;
  // Whoever takes it: the worker, or the caller.
  for (let i = 0; i < 20; i++) {
    expect(() => crew.run([product(bias), product(outside)])).toThrow(/A kernel failed in a worker|out of bounds/);
  }
  heap.floats(y, 1)[0] = 0;
  crew.run([product(bias), product(bias)]);
  expect(heap.floats(y, 1)[0]).toBe(3);
  crew.release();
});

describe("a worker that is ended", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** A machine of two threads, the other of which may run another source. */
  async function watched(change = (source: string) => source) {
    const workers: Worker[] = [];
    class Watched extends Worker {
      constructor(source: string, options: object) {
        super(change(source), options);
        workers.push(this);
      }
    }
    const { getBuiltinModule } = process;
    vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
      name === "node:worker_threads" ? { Worker: Watched } : getBuiltinModule(name)) as typeof getBuiltinModule);
    const { crew, heap } = await machine({ threads: 2 });
    if (!crew) throw new Error("There is no crew.");
    const [bias, y] = [heap.allocate(4), heap.allocate(16)];
    heap.floats(bias, 1)[0] = 3;
    /** Writes 3 into four places, by four calls. */
    const run = () => {
      heap.floats(y, 4).fill(0);
      crew.run([0, 4, 8, 12].map((place) => ["multiply", 1, 0, bias, bias, bias, y + place, 0] as const));
      return [...heap.floats(y, 4)];
    };
    return { workers, crew, run };
  }

  it("between runs is not waited for: the caller does its part", async () => {
    const { workers, crew, run } = await watched();
    expect(run()).toEqual([3, 3, 3, 3]);
    await workers[0].terminate();
    for (let i = 0; i < 10; i++) expect(run()).toEqual([3, 3, 3, 3]);
    crew.release();
  });

  it("in the middle of a run makes that fail, and the next ones go on without it", async () => {
    const { workers, crew, run } = await watched((source) =>
      source.replace("exports[kernels", "for (;;); exports[kernels"),
    );
    // Time flies.
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (now += 20_000));
    const untilItFails = () => {
      for (let i = 0; i < 1e6; i++) run();
    };
    expect(untilItFails).toThrow(/^A worker ended in the middle of a run, .*\.$/);
    expect(crew.size).toBe(1);
    expect(run()).toEqual([3, 3, 3, 3]);
    await workers[0].terminate();
  });
});
