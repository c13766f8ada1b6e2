import { appendFileSync, existsSync, writeFileSync } from "node:fs";
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

/** A square that machines may ask for; each time that it is taken and done is a line in a file. */
export const shared: Job<{ readonly x: number; readonly wait?: number; readonly log?: string }, number> = {
  name: "shared",
  async run({ x, wait = 0, log }, { progress }) {
    const note = (what: string) => log !== undefined && appendFileSync(log, `${what} ${x}\n`);
    note("taken");
    progress(`waits ${wait}`);
    await after(wait);
    note("done");
    return x * x;
  },
  check(input) {
    if (typeof input !== "object" || input === null || !("x" in input) || typeof input.x !== "number") {
      throw new UserError("The job takes a number x.");
    }
  },
};

/** Fails, or ends its worker, for whoever asks. */
export const sharedFail: typeof fail = { ...fail, name: "shared fail", check: () => {} };
export const sharedDie: typeof die = { ...die, name: "shared die", check: () => {} };

/** Gives more than goes through a queue. */
export const flood: Job<null, string> = { name: "flood", run: () => "x".repeat(100_000), check: () => {} };

export const jobs = [square, total, fail, die, shared, sharedFail, sharedDie, flood];
