import { nodeEngine } from "../engine/node.ts";
import type { engineOptions } from "../library/options/engine.ts";
import type { Values } from "../library/options/option.ts";

/** The engine that the options ask for. */
export function engineOf({ device, threads }: Values<typeof engineOptions>) {
  return nodeEngine({ device, threads, warn: (sentence) => process.stderr.write(`espalier: ${sentence}\n`) });
}
