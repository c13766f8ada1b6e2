import type { Command } from "commander";
import type { JobCommand } from "../jobs/command-job.ts";
import { type Callable, callable } from "./command.ts";

/** The commands that a job may be. */
export const jobCommands: Readonly<Record<JobCommand, () => Promise<Command>>> = {
  train: async () => (await import("./train.ts")).trainCommand(),
  prune: async () => (await import("./prune.ts")).pruneCommand(),
  compress: async () => (await import("./compress.ts")).compressCommand(),
  quantize: async () => (await import("./quantize.ts")).quantizeCommand(),
  scan: async () => (await import("./scan.ts")).scanCommand(),
  reproduce: async () => (await import("./reproduce.ts")).reproduceCommand(),
  rounds: async () => (await import("./rounds.ts")).roundsCommand(),
};

/** What one of them takes, and how it is called. */
export const findCommand = async (command: JobCommand): Promise<Callable> => callable(await jobCommands[command]());
