import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as after } from "node:timers/promises";
import type { Job } from "../../src/engine/executor.ts";
import { UserError } from "../../src/errors.ts";

// Jobs for tests of executors: those of workers are found in this module.

/** A square, after so many milliseconds. */
export const square: Job<{ readonly x: number; readonly wait?: number }, number> = {
  name: "square",
  async run({ x, wait = 0 }, { progress }) {
    progress(`waits ${wait}`);
    await after(wait);
    return x * x;
  },
};

/** Adds up numbers, and says where it did. */
export const total: Job<Float32Array, { readonly sum: number; readonly pid: number }> = {
  name: "total",
  run: (numbers) => ({ sum: numbers.reduce((sum, x) => sum + x, 0), pid: process.pid }),
};

export const fail: Job<"mistake" | "fault", never> = {
  name: "fail",
  run(kind) {
    if (kind === "mistake") throw new UserError("That is a mistake: ask for something else.");
    throw new TypeError("a fault");
  },
};

/** Ends its worker; where a file is given only once, which is then there. */
export const die: Job<{ readonly once?: string }, string> = {
  name: "die",
  run({ once }) {
    if (once !== undefined && existsSync(once)) return "lived";
    if (once !== undefined) writeFileSync(once, "");
    process.exit(7);
  },
};

export const jobs = [square, total, fail, die];
