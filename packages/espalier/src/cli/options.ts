import { type Command, InvalidArgumentError, Option } from "commander";
import type { Device } from "../engine/engine.ts";
import { nodeEngine } from "../engine/node.ts";

/** A parser of a number option that must lie between bounds. */
export function number(name: string, least: number, most = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= least && value <= most)) {
      const range = most === Number.POSITIVE_INFINITY ? `from ${least}` : `from ${least} to ${most}`;
      throw new InvalidArgumentError(`The ${name} is a number ${range}.`);
    }
    return value;
  };
}

/** A parser of a whole number option that must lie between bounds. */
export function whole(name: string, least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const parse = number(name, least, most);
  return (text) => {
    const value = parse(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError(`The ${name} is a whole number.`);
    return value;
  };
}

/** A parser of "layer=number,..." where a layer is a name or glob. */
export function perLayer(text: string): (readonly [pattern: string, value: number])[] {
  return text.split(",").map((part) => {
    const split = part.lastIndexOf("=");
    const value = part.slice(split + 1).trim();
    if (split <= 0 || value === "" || Number.isNaN(Number(value))) {
      throw new InvalidArgumentError(`Write it as LAYER=NUMBER,... such as "conv*=0.5,fc1=0.08".`);
    }
    return [part.slice(0, split).trim(), Number(value)] as const;
  });
}

/** A parser of densities, "1,0.5,0.1": each above 0 and up to 1. */
export function densityList(text: string): number[] {
  return text.split(",").map((part) => {
    const density = Number(part);
    if (!(density > 0 && density <= 1)) throw new InvalidArgumentError("A density is a number above 0 and up to 1.");
    return density;
  });
}

/** A parser of a shape, "3x224x224". */
export function shapeOf(text: string): number[] {
  const sizes = text.split("x").map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 1e6)) {
    throw new InvalidArgumentError("Write the shape of one sample, without the batch, as 3x224x224.");
  }
  return sizes;
}

/** Adds the option that settles the sizes that a model leaves open. */
export function withShape(command: Command): Command {
  return command.option(
    "--shape <sizes>",
    "the shape of one sample where the model leaves it open: 3x224x224",
    shapeOf,
  );
}

export const DEVICES: readonly Device[] = ["cpu", "cuda", "webgpu", "coreml", "dml"];

/** Options that every command which runs a network has. */
export interface EngineFlags {
  readonly device: Device;
  readonly threads?: number;
}

/** The engine that the flags ask for. */
export function engineOf({ device, threads }: EngineFlags) {
  return nodeEngine({ device, threads, warn: (sentence) => process.stderr.write(`espalier: ${sentence}\n`) });
}

/** Adds the options that choose the engine. */
export function withEngine(command: Command): Command {
  return command
    .addOption(new Option("--device <name>", "where to run").choices(DEVICES).default("cpu"))
    .option("--threads <n>", "threads of the runtime (default: one for each core)", whole("number of threads", 1, 256));
}
