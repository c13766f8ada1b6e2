import { nodeEngine } from "../engine/node.ts";
import type { engineOptions } from "../library/options/engine.ts";
import type { Values } from "../library/options/option.ts";
import { note } from "./print.ts";

/** The engine that the options ask for. */
export function engineOf({ device, threads }: Values<typeof engineOptions>) {
  return nodeEngine({ device, threads, warn: (sentence) => note(`espalier: ${sentence}`) });
}
