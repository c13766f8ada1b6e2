import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { isMainThread } from "node:worker_threads";
import { env } from "onnxruntime-common";
import type * as OnnxRuntime from "onnxruntime-node";
import { UserError } from "../errors.ts";
import { findBlockSize } from "./block-size.ts";
import { deviceRefusal } from "./devices.ts";
import { DEVICES, type Engine, type EngineOptions } from "./engine.ts";
import { writesInPlace } from "./in-place.ts";
import { type Ort, OrtProgram } from "./ort-program.ts";
import { webEngine } from "./web.ts";

/** Errors are thrown too, with a sentence around them. */
const FATAL_ONLY = 4;

export interface NodeEngineOptions extends EngineOptions {
  /** Is told, once in a process, why the native runtime is not used. Default: `process.emitWarning`. */
  warn?(sentence: string): void;
}

/** The native runtime, or why it is not used and what to do about it. */
type Native = typeof OnnxRuntime | { readonly missing: string; readonly remedy: string };

/**
 * The engine of Node: onnxruntime-node, on the CPU or on what the installed runtime offers beside it.
 *
 * onnxruntime-node is an optional dependency: npm leaves it out, without a word, where its install script fails. Then
 * this is onnxruntime-web on WebAssembly and the CPU: the same results to rounding, more slowly.
 * @throws UserError for a device that the installed runtime does not offer
 */
export function nodeEngine({ warn = process.emitWarning, ...options }: NodeEngineOptions = {}): Engine {
  native ??= loadNative();
  if (!("missing" in native)) return nativeEngine(native, options);
  const { missing, remedy } = native;
  if (options.device !== undefined && options.device !== "cpu") {
    throw new UserError(`The device "${options.device}" needs onnxruntime-node, which ${missing}: ${remedy}.`);
  }
  if (!warned) warn(`onnxruntime-node ${missing}, so networks run on the slower onnxruntime-web: ${remedy}.`);
  warned = true;
  return webAssemblyEngine(options);
}

/** What runs networks here, and of which version: other versions may add up in other orders. */
export function runtimeVersion(): string {
  native ??= loadNative();
  return "missing" in native
    ? `onnxruntime-web ${env.versions.common}`
    : `onnxruntime-node ${native.env.versions.node ?? native.env.versions.common}`;
}

/** Found out once in a process: the native runtime, and whether its absence was told. */
let native: Native | undefined;
let warned = false;

function loadNative(): Native {
  // onnxruntime-node keeps telemetry and sends it, unless this is set before it is loaded. A worker thread can set its
  // own copy of the environment only, which native code does not see.
  if (!isMainThread && process.env.ORT_DISABLE_TELEMETRY === undefined) {
    return {
      missing: "would send telemetry from a worker thread",
      remedy: "start the process with ORT_DISABLE_TELEMETRY=1",
    };
  }
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  const require = createRequire(import.meta.url);
  try {
    require.resolve("onnxruntime-node");
  } catch {
    return {
      missing: "is not installed",
      remedy: "install it with `ONNXRUNTIME_NODE_INSTALL=skip npm i onnxruntime-node`",
    };
  }
  try {
    const loaded: typeof OnnxRuntime = require("onnxruntime-node");
    // What is not about one session is logged by this level: a library of a device that is not there.
    loaded.env.logLevel = "fatal";
    return loaded;
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split("\n", 1)[0];
    return {
      missing: `does not load on ${process.platform} ${process.arch} (${reason})`,
      remedy: "native speed needs Windows, a Linux with glibc, or a Mac with Apple silicon",
    };
  }
}

function nativeEngine(
  { InferenceSession, listSupportedBackends, Tensor }: typeof OnnxRuntime,
  { device = "cpu", threads = availableParallelism() }: EngineOptions,
): Engine {
  const built = listSupportedBackends().map(({ name }) => name);
  const offered = DEVICES.filter((name) => built.includes(name));
  if (!offered.includes(device)) {
    throw new UserError(
      `The installed onnxruntime-node has no device "${device}": choose one of ${offered.join(", ")}.`,
    );
  }
  const session: OnnxRuntime.InferenceSession.SessionOptions = {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: FATAL_ONLY,
  };
  // Of the devices, the runtime's binding for Node keeps only WebGPU's tensors where they are; others pass by memory.
  const onDevice = device === "webgpu";
  const ort = { InferenceSession, Tensor };
  return {
    name: "onnxruntime-node",
    device,
    threads,
    blockSize: async () => {
      if (device !== "cpu") return undefined;
      blocks ??= findBlockSize(ort);
      return blocks;
    },
    compile: async (model, options = {}) => {
      const inPlace = device === "cpu" && options.inPlace === true && (await overwrites(ort));
      return OrtProgram.create(ort, model, session, options, { onDevice, inPlace }).catch(async (error: unknown) => {
        throw (device === "cpu" ? undefined : await deviceRefusal(ort, device, offered, session)) ?? error;
      });
    },
  };
}

function webAssemblyEngine(options: EngineOptions): Engine {
  let opened: Promise<Engine> | undefined;
  return {
    name: "onnxruntime-web",
    device: "cpu",
    threads: options.threads ?? availableParallelism(),
    compile: async (model, compileOptions) => {
      opened ??= webEngine({ ...options, threads: options.threads ?? availableParallelism() });
      return (await opened).compile(model, compileOptions);
    },
  };
}

/** Tried once in a process. */
let tried: Promise<boolean> | undefined;
let blocks: Promise<number | undefined> | undefined;

function overwrites(ort: Ort): Promise<boolean> {
  tried ??= writesInPlace(ort);
  return tried;
}
