import { z } from "zod";
import { option, whole } from "./option.ts";

/** The seed of something random. */
export const seedOption = (help = "the seed of all randomness") => option(whole("seed", 0).default(1), { help });

/** A file or folder that a command writes. */
export const out = (value: "file" | "dir", help: string) => option(z.string(), { help, value, outside: true });

export const json = option(z.boolean().optional(), { help: "print one JSON object", outside: true });

export const quiet = option(z.boolean().optional(), {
  help: "print only results and mistakes, not how the work goes on",
  outside: true,
});

export const resume = option(z.boolean().optional(), {
  help: "continue an interrupted run to the same result",
  outside: true,
});

export const quick = option(z.boolean().optional(), { help: "fewer epochs" });

/** The output of a network that its task is about. */
export const outputOption = option(z.string().optional(), {
  help: "the output that the task is about (default: the first that fits it); of imitation NAME or NAME=WEIGHT, one or several with commas (default: all)",
  value: "name",
  repeats: true,
});
