import { UserError } from "../errors.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { OrtProgram } from "./ort-program.ts";

/** Errors are thrown too, with a sentence around them. */
const FATAL_ONLY = 4;

/** Options of browsers' engine. */
export interface WebEngineOptions extends EngineOptions {
  /** Where the runtime's WebAssembly files lie: the address of their folder. Default: where the bundler put them. */
  assets?: string;
}

/**
 * The engine of browsers: onnxruntime-web, on WebAssembly ("cpu") or WebGPU. It also runs in Node, on WebAssembly.
 * @throws UserError for a device that is not there
 */
export async function webEngine({ device = "cpu", threads, assets }: WebEngineOptions = {}): Promise<Engine> {
  if (device !== "cpu" && (device !== "webgpu" || !hasWebGpu())) {
    throw new UserError(
      `There is no device "${device}" for onnxruntime-web here: choose cpu, or webgpu in a browser that has it.`,
    );
  }
  const ort = device === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web");
  ort.env.logLevel = "fatal";
  // Left alone, the runtime takes what the page's isolation allows.
  if (threads !== undefined) ort.env.wasm.numThreads = threads;
  if (assets !== undefined) ort.env.wasm.wasmPaths = assets;
  const session = {
    executionProviders: [device === "cpu" ? "wasm" : device],
    graphOptimizationLevel: "all",
    logSeverityLevel: FATAL_ONLY,
  } as const;
  const onDevice = device === "webgpu";
  return {
    name: "onnxruntime-web",
    device,
    threads,
    compile: (model, options = {}) =>
      OrtProgram.create(ort, model, session, options, { onDevice, blocking: !onDevice }),
  };
}

function hasWebGpu(): boolean {
  const { navigator } = globalThis as { navigator?: object };
  return navigator !== undefined && "gpu" in navigator;
}
