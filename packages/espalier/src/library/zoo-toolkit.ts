import { decode } from "espalier-runtime/codec";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { ShippedNetwork, Toolkit } from "../experiments/shipped.ts";
import { readModel } from "../onnx/read.ts";
import { compress } from "./compress.ts";
import { evaluateAgainst } from "./evaluate-against.ts";
import type { Hooks } from "./hooks.ts";
import { simplify } from "./simplify.ts";

/** What experiments with networks measure: the functions behind `simplify`, `compress` and `eval --against`. */
export function zooToolkit(engine: Engine, { seed, quick }: { seed: number; quick: boolean }, hooks: Hooks): Toolkit {
  return {
    async simplify({ model, fix }) {
      return (await simplify(engine, model, { fix, seed, ...hooks })).model;
    },
    async compress({ data, maxLoss, measure }, simple) {
      const made = (contents: Uint8Array, how: string) => ({ contents, model: readModel(decode(contents)), how });
      try {
        const { contents, fidelity } = await compress(engine, simple, data, {
          maxLoss,
          measure,
          seed,
          ...(quick && { epochs: 0 }),
          ...hooks,
        });
        return made(
          contents,
          fidelity ? `within ${maxLoss} points` : `lossless: nothing smaller within ${maxLoss} points`,
        );
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        // Nothing can be shared: the file is that of the same network.
        const { contents } = await compress(engine, simple, undefined, {});
        return made(contents, `lossless: ${error.message}`);
      }
    },
    compare: ({ data, measure }: ShippedNetwork, model, against) =>
      evaluateAgainst(engine, model, against, data, { measure, split: "test", ...hooks }),
  };
}
