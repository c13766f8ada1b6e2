import { carriedStates } from "../adoption/states.ts";
import type { AudioOptions } from "../data/audio/windows.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";

/**
 * How recordings become the input of a network: a window is what the input has room for unless it is given, and a network
 * that has a state hears a recording from its beginning on.
 */
export function recordingsFor(model: Model, given: AudioOptions = {}): AudioOptions {
  const length = fedInputs(model)[0]?.shape?.at(-1);
  const window = given.window ?? (typeof length === "number" ? length - (given.context ?? 0) : undefined);
  return { ...given, window, stream: given.stream ?? hasStates(model) };
}

/** Returns true if a network takes its state beside one tensor of a recording, and gives what becomes of it. */
function hasStates(model: Model): boolean {
  return carriedStates(model, { inputs: [{ name: "audio", dtype: "float32", shape: [] }] }).length > 0;
}
