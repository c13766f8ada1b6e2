import { z } from "zod";
import type { LabOptions } from "../experiments/lab.ts";
import { localExecutor } from "../jobs/local.ts";
import { readModel } from "../onnx/read.ts";
import { writeModel } from "../onnx/write.ts";
import { labJob } from "./lab-job.ts";

/** What a run tells of how far it is. */
const progress = z.object({ done: z.number(), total: z.number().optional() });

/** Does the runs of an experiment in processes of this machine, until they are released. */
export function labRuns(jobs: number, { data, threads, signal }: Readonly<LabRunsOptions>) {
  const modules = [new URL("./lab-worker.js", import.meta.url).href];
  const executor = localExecutor({ workers: jobs, modules });
  const elsewhere: NonNullable<LabOptions["elsewhere"]> = async ({ model, ...run }, onWork) => {
    const work = { ...run, network: writeModel(model), data, threads };
    const onProgress = (_: number, told: unknown) => {
      const { done, total } = progress.parse(told);
      onWork?.("", done, total);
    };
    for await (const { network, results } of executor.run(labJob, [work], { signal, onProgress })) {
      return { model: readModel(network), results };
    }
    throw new Error("A run ended without a network.");
  };
  return { elsewhere, release: () => executor.release() };
}

interface LabRunsOptions {
  /** The SPEC of the data. */
  data: string;
  threads: number;
  signal: AbortSignal;
}
