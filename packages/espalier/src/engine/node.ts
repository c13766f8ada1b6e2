import { availableParallelism } from "node:os";
import { InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
import { UserError } from "../errors.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { writesInPlace } from "./in-place.ts";
import { OrtProgram } from "./ort-program.ts";

/** Errors are thrown too, with a sentence around them. */
const FATAL_ONLY = 4;

/**
 * The engine of Node: onnxruntime-node, on the CPU or on what the installed runtime offers beside it.
 * @throws UserError for a device that the installed runtime does not offer
 */
export function nodeEngine({ device = "cpu", threads = availableParallelism() }: EngineOptions = {}): Engine {
  const offered = listSupportedBackends().map(({ name }) => name);
  if (!offered.includes(device)) {
    throw new UserError(
      `The installed onnxruntime-node has no device "${device}": choose one of ${offered.join(", ")}.`,
    );
  }
  const session: InferenceSession.SessionOptions = {
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
    compile: async (model, options = {}) => {
      const inPlace = device === "cpu" && options.inPlace === true && (await tryInPlace());
      return OrtProgram.create(ort, model, session, options, { onDevice, inPlace });
    },
  };
}

/** Tried once in a process. */
let tried: Promise<boolean> | undefined;

function tryInPlace(): Promise<boolean> {
  tried ??= writesInPlace({ InferenceSession, Tensor });
  return tried;
}
