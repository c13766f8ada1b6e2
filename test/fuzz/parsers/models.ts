import { nodeEngine } from "../../../packages/espalier/src/engine/node.ts";
import { compact } from "../../../packages/espalier/src/library/compact.ts";
import { inspect } from "../../../packages/espalier/src/library/inspect.ts";
import { simplify } from "../../../packages/espalier/src/library/simplify.ts";
import { readModel } from "../../../packages/espalier/src/onnx/read.ts";
import { oneOf } from "../mutate/bytes.ts";
import { type Target, unlessRefused } from "../target.ts";
import { changedModel } from "./onnx.ts";
import { onnxSeeds } from "./onnx-seeds.ts";

/** What the commands do with models, on ONNX Runtime. */
export const models: Target = {
  share: 1,
  // Where shapes are open, the runtime is given many inputs of up to millions of numbers until it takes one.
  seconds: 60,
  open() {
    const engine = nodeEngine({ threads: 1 });
    const seeds = onnxSeeds();
    const acts = {
      inspect: (file: Uint8Array) => inspect(engine, readModel(file)),
      simplify: (file: Uint8Array) => simplify(engine, readModel(file)),
      compact: (file: Uint8Array) => compact(engine, readModel(file)),
    };
    return (draw) => {
      const { bytes } = changedModel(draw, seeds);
      const kind = oneOf(draw, Object.keys(acts) as (keyof typeof acts)[]);
      return {
        kind,
        parts: [bytes],
        read: async ([file]) => (await unlessRefused<unknown>(() => acts[kind](file))) !== undefined,
      };
    };
  },
};
