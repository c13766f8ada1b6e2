import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { nodeEngine } from "../../src/engine/node.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";

const nothing = () => {};

/** y = x + x. */
function double(): Model {
  const model = emptyModel("double");
  model.inputs.push({ name: "x", dtype: "float32", shape: [1, 2] });
  new GraphBuilder(model).emit("Add", ["x", "x"], {}, "y");
  model.outputs = [{ name: "y" }];
  return model;
}

/** The module as a process sees it in which `onnxruntime-node` is resolved and loaded by these functions. */
async function withNative(resolve: () => unknown, load: () => unknown): Promise<typeof nodeEngine> {
  vi.resetModules();
  vi.doMock("node:module", async (original) => ({
    ...(await original<typeof import("node:module")>()),
    createRequire: () => Object.assign(load, { resolve }),
  }));
  return (await import("../../src/engine/node.ts")).nodeEngine;
}

function missing(): never {
  throw new Error("Cannot find module 'onnxruntime-node'");
}

describe("Node's engine without onnxruntime-node", () => {
  afterEach(() => {
    vi.doUnmock("node:module");
    vi.doUnmock("node:worker_threads");
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it("computes on onnxruntime-web", async () => {
    const engine = (await withNative(missing, missing))({ warn: nothing, threads: 1 });
    expect(engine).toMatchObject({ name: "onnxruntime-web", device: "cpu" });
    const program = await engine.compile(double());
    const { y } = await program.run({ x: float32([1, 2], Float32Array.of(1, 2)) });
    await program.release();
    expect([...y.data]).toEqual([2, 4]);
  });

  it("says so once, with the remedy", async () => {
    const open = await withNative(missing, missing);
    const warn = vi.fn();
    open({ warn });
    open({ warn });
    expect(warn.mock.calls).toEqual([
      [
        "onnxruntime-node is not installed, so networks run on the slower onnxruntime-web: install it with `ONNXRUNTIME_NODE_INSTALL=skip npm i onnxruntime-node`.",
      ],
    ]);
  });

  it("warns through the process where no one listens", async () => {
    const emitted = vi.spyOn(process, "emitWarning").mockImplementation(nothing);
    (await withNative(missing, missing))();
    expect(emitted).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("onnxruntime-node is not installed"));
  });

  it("refuses devices that only the native runtime has", async () => {
    const open = await withNative(missing, missing);
    // The class is another one, as its module was loaded anew.
    expect(() => open({ device: "cuda", warn: nothing })).toThrow(
      expect.objectContaining({
        name: "UserError",
        message: expect.stringContaining(
          'The device "cuda" needs onnxruntime-node, which is not installed: install it',
        ),
      }),
    );
  });

  it("tells why a binary does not load", async () => {
    const warn = vi.fn();
    const load = () => {
      throw new Error("ld-linux-x86-64.so.2: no such file\nRequire stack: ...");
    };
    (await withNative(nothing, load))({ warn });
    expect(warn.mock.calls[0][0]).toContain(
      `does not load on ${process.platform} ${process.arch} (ld-linux-x86-64.so.2: no such file), so networks run`,
    );
  });

  it("loads nothing in a worker thread that cannot keep telemetry off", async () => {
    vi.stubEnv("ORT_DISABLE_TELEMETRY", undefined);
    vi.doMock("node:worker_threads", () => ({ isMainThread: false }));
    const load = vi.fn();
    const warn = vi.fn();
    (await withNative(nothing, load))({ warn });
    expect(load).not.toHaveBeenCalled();
    expect(warn.mock.calls[0][0]).toContain("start the process with ORT_DISABLE_TELEMETRY=1");
  });
});

// Without ORT_DISABLE_TELEMETRY, onnxruntime-node 1.30 leaves a device id and a database of events there.
it.runIf(process.platform === "linux")("keeps no telemetry", () => {
  const home = mkdtempSync(join(tmpdir(), "espalier-home-"));
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...environment } = process.env;
  const script = `
    const { nodeEngine } = await import(${source("engine/node.ts")});
    const { readModel } = await import(${source("onnx/read.ts")});
    const engine = nodeEngine();
    const model = readModel(Buffer.from("${Buffer.from(writeModel(double())).toString("base64")}", "base64"));
    await (await engine.compile(model)).release();
    process.stdout.write(engine.name);
  `;
  try {
    const name = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
      env: { ...environment, HOME: home },
      encoding: "utf8",
    });
    expect(name).toBe("onnxruntime-node");
    expect(readdirSync(home)).toEqual([]);
  } finally {
    rmSync(home, { recursive: true });
  }
});

/** A module of the sources, as a string in code. */
function source(path: string): string {
  return JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
}
