import type { Command } from "commander";
import { jobCommands } from "./job-commands.ts";

/** The commands in the order of the help. What draws reports takes longer to load than many a command to run. */
export const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["demo", async () => (await import("./demo.ts")).demoCommand()],
  ["train", jobCommands.train],
  ["eval", async () => (await import("./eval.ts")).evalCommand()],
  ["inspect", async () => (await import("./inspect.ts")).inspectCommand()],
  ["simplify", async () => (await import("./simplify.ts")).simplifyCommand()],
  ["scan", jobCommands.scan],
  ["prune", jobCommands.prune],
  ["compact", async () => (await import("./compact.ts")).compactCommand()],
  ["compress", jobCommands.compress],
  ["quantize", jobCommands.quantize],
  ["decompress", async () => (await import("./decompress.ts")).decompressCommand()],
  ["import", async () => (await import("./import.ts")).importCommand()],
  ["sweep", async () => (await import("./sweep.ts")).sweepCommand()],
  ["reproduce", jobCommands.reproduce],
  ["studio", async () => (await import("./studio.ts")).studioCommand()],
  ["worker", async () => (await import("./worker.ts")).workerCommand()],
]);
