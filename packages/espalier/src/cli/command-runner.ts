import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { asUserError } from "../data/file-errors.ts";
import type { Job } from "../engine/executor.ts";
import { UserError } from "../errors.ts";
import {
  type CommandJob,
  commandJob,
  type JobCommand,
  type JobRecord,
  jobId,
  readCommandJob,
} from "../jobs/command-job.ts";
import { processorName } from "../jobs/processor.ts";
import { getRecord, putContents, putRecord, type Store } from "../jobs/store.ts";
import { jobVersion } from "../jobs/version.ts";
import { releaseClaims } from "./claims.ts";
import { findCommand } from "./job-commands.ts";
import type { Given } from "./job-files.ts";
import { placeFiles } from "./job-place.ts";
import { heardBy } from "./print.ts";
import { CHECKPOINT, SCANNED } from "./results.ts";

/** Where jobs are done. */
export interface Workplace {
  /** What inputs come from, and outputs go to. */
  readonly store: Store;
  /** The folder in which each job has one of its own, which goes when it is done. */
  readonly folder: string;
  /** The modules of data and measures that may be loaded, by the hashes of their contents. */
  readonly modules: ReadonlyMap<string, string>;
}

/**
 * Does calls of commands in this process, one at a time, each in a folder of its own. One that was killed there goes on
 * from its checkpoint; one whose record is in the store is not done again.
 */
export function commandRunner(place: Workplace): Job<CommandJob, string> {
  return {
    ...commandJob,
    async run(message, { progress }) {
      const job = readCommandJob(message);
      const id = jobId(job);
      if (await getRecord(place.store, id)) return id;
      checkMachine(job);
      const folder = join(place.folder, id);
      const before = process.cwd();
      try {
        mkdirSync(folder, { recursive: true });
        // The names that commands see, print and write are then those of the job, wherever it is done.
        process.chdir(folder);
        await done(job, id, place, progress);
      } catch (error) {
        throw asUserError(error, `Cannot work in ${folder}`);
      } finally {
        releaseClaims();
        process.chdir(before);
      }
      rmSync(folder, { recursive: true, force: true });
      return id;
    },
  };
}

/** @throws UserError when the bytes would be others than the job's */
function checkMachine({ version, processor }: CommandJob): void {
  const own = { version: jobVersion(), processor: processorName() };
  if (own.version !== version) {
    throw new UserError(`The job is for ${version}, and this is ${own.version}: run the same version on all machines.`);
  }
  if (own.processor !== processor) {
    throw new UserError(
      `The job is for a processor "${processor}", and this is "${own.processor}", which gives other bytes: give it to a machine of its kind.`,
    );
  }
}

/** Does a job in the folder that is the working directory. */
async function done(job: CommandJob, id: string, place: Workplace, progress: (told: unknown) => void): Promise<void> {
  const { command, seed, threads } = job;
  const called = await findCommand(command);
  const { argument, options } = await placeFiles(called, job, place);
  const random = seed === undefined ? {} : { seed };
  const resume = CHECKPOINTS.some((name) => existsSync(join(OUT, name))) ? { resume: true } : {};
  const values = { ...options, ...random, ...resume, threads, out: outOf(command, options), json: true };
  const results: JobRecord["result"][] = [];
  const listener = { result: (value: object) => void results.push(withoutPlaces(value)), said: progress };
  await heardBy(listener, () => called.call(argument, values, `espalier ${command}`));
  const outputs: Record<string, JobRecord["outputs"][string]> = {};
  for (const name of readdirSync(OUT).sort()) {
    if (!KEPT.test(name)) continue;
    const contents = readFileSync(join(OUT, name));
    outputs[name] = { sha256: await putContents(place.store, contents), bytes: contents.length };
  }
  const [result] = results;
  await putRecord(place.store, { id, job, result, outputs });
}

/** Where a command writes, in the folder of its job. */
const OUT = "out";

/** What a network is called that is one file there. */
const MODEL = "model";

/** What is kept of that: networks and figures. Pages tell of times, which differ from one run to the next. */
const KEPT = /\.(onnx|esp|svg|png)$/;

/** The states from which commands that were stopped go on when they are told to. */
const CHECKPOINTS: readonly string[] = [`${MODEL}.onnx.checkpoint`, CHECKPOINT, SCANNED];

/** What a command is given as `out`: a folder, or one file. */
function outOf(command: JobCommand, { format = "esp" }: Given["options"]): string {
  if (command === "train" || command === "quantize") return join(OUT, `${MODEL}.onnx`);
  if (command === "compress") return join(OUT, `${MODEL}.${format === "esp" ? "esp" : "onnx"}`);
  return OUT;
}

/** What a command printed, without what is another each time. */
function withoutPlaces(value: object): JobRecord["result"] {
  const { seconds: _, file: _file, files: _files, ...result } = printed.parse(JSON.parse(JSON.stringify(value)));
  return result;
}

const printed = z.record(z.string(), z.json());
