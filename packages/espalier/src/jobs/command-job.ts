import { z } from "zod";
import type { Job } from "../engine/executor.ts";
import { canonicalJson } from "../json.ts";
import { digestOf, sha256 } from "./digest.ts";

/** The commands of which a sweep is made. */
export const SWEEP_COMMANDS = ["train", "prune", "compress", "quantize", "scan", "reproduce"] as const;
export type SweepCommand = (typeof SWEEP_COMMANDS)[number];

/** What a job may be: one of them, or rounds that a network of an experiment goes through. */
export const JOB_COMMANDS = [...SWEEP_COMMANDS, "rounds"] as const;
export type JobCommand = (typeof JOB_COMMANDS)[number];

/** A name in the folder of a job: no path leads out of it. */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}(\.[A-Za-z0-9]{1,16})?$/);

/** A file or folder by its content; a module that the worker has itself; data that comes with Espalier. */
const input = z.strictObject({ kind: z.enum(["file", "folder", "module", "own"]), sha256 });
export type JobInput = z.output<typeof input>;

/** The most threads that a job may ask for. */
export const MOST_THREADS = 256;

const schema = z
  .strictObject({
    command: z.enum(JOB_COMMANDS),
    /** The network, model or experiment: a name, or that of an input. */
    argument: z.string().max(256),
    /** As the library takes them; files by the names of inputs. */
    options: z.record(z.string(), z.json()),
    inputs: z.record(name, input),
    /** Left out where nothing is random. */
    seed: z.int().min(0).optional(),
    /** Of Espalier and of what runs networks. */
    version: z.string().max(256),
    /** What of a processor changes bytes. */
    processor: z.string().max(256),
    threads: z.int().min(1).max(MOST_THREADS),
  })
  .readonly();

/** One call of a command, with all that its bytes depend on. It carries hashes: no code, no paths, no contents. */
export type CommandJob = z.output<typeof schema>;

/** What tells one job from another: jobs of one id give the same bytes. */
export const jobId = (job: CommandJob): string => digestOf(canonicalJson(job));

/**
 * Reads a job that came as a message.
 * @throws Error when it is none
 */
export function readCommandJob(message: unknown): CommandJob {
  const checked = schema.safeParse(message);
  if (checked.success) return checked.data;
  const [{ path, message: why }] = checked.error.issues;
  throw new Error(`What was sent is not a job of a command (${path.join(".") || "it"}: ${why}).`);
}

/**
 * The job of workers that calls of commands are asked for by; what it gives is the id under which its record is in the
 * store. Workers that have a store and a folder do it.
 */
export const commandJob: Job<CommandJob, string> = {
  name: "command",
  run() {
    throw new Error("Commands are run by workers that were given a store.");
  },
  check: (message) => void readCommandJob(message),
};

const recordSchema = z
  .strictObject({
    id: sha256,
    job: schema,
    /** What the command printed, without times and places. */
    result: z.record(z.string(), z.json()),
    /** The files that it wrote, by their content. */
    outputs: z.record(z.string(), z.strictObject({ sha256, bytes: z.int() })),
  })
  .readonly();

/** What came out of a job. */
export type JobRecord = z.output<typeof recordSchema>;

/** A record from its text; undefined where it is none. */
export function readJobRecord(text: unknown): JobRecord | undefined {
  const checked = recordSchema.safeParse(text);
  return checked.success ? checked.data : undefined;
}
