import { z } from "zod";
import type { Executor } from "../engine/executor.ts";
import { UserError } from "../errors.ts";
import type { LabRun, Trained } from "../experiments/lab.ts";
import { commandJob } from "../jobs/command-job.ts";
import { getContents, getRecord, putContents, type Store } from "../jobs/store.ts";
import { canonicalJson } from "../json.ts";
import type { Hooks } from "../library/hooks.ts";
import { readModel } from "../onnx/read.ts";
import { writeModel } from "../onnx/write.ts";
import { storedResults } from "../pruning/results-json.ts";
import { storeRounds } from "../pruning/rounds-json.ts";
import { callable } from "./command.ts";
import { contentPath, JobMaker } from "./job-maker.ts";
import { isSilent } from "./print.ts";
import { roundsCommand, TRAINED } from "./rounds.ts";

export interface LabRunsOptions extends Required<Pick<Hooks, "signal" | "onProgress">> {
  /** What does calls of commands. */
  readonly executor: Executor;
  /** What it has them from. */
  readonly store: Store;
  /** The SPEC of the data. */
  readonly data: string;
  readonly threads: number;
}

const resultSchema = z.object({ results: storedResults });

/** Does the runs of an experiment as jobs, several at once. */
export function labRuns({ executor, store, data, threads, signal, onProgress }: LabRunsOptions) {
  const maker = new JobMaker(store, async () => callable(roundsCommand()));
  const put = async (contents: Uint8Array, ending: string) => contentPath(await putContents(store, contents), ending);
  const onTold = (_: number, text: unknown) => {
    if (isSilent()) onProgress({ kind: "note", text: String(text) });
  };
  return async ({ model, rounds, batch, seed }: LabRun): Promise<Trained> => {
    const plan = new TextEncoder().encode(canonicalJson(storeRounds(rounds)));
    const argument = await put(writeModel(model), ".onnx");
    const options = { data, rounds: await put(plan, ".json"), batch };
    const job = await maker.make({ command: "rounds", argument, options, seed, threads });
    for await (const id of executor.run(commandJob, [job], { signal, onProgress: onTold })) {
      const record = await getRecord(store, id);
      const read = resultSchema.safeParse(record?.result);
      const network = record?.outputs[TRAINED];
      if (!read.success || !network) break;
      return { model: readModel(await getContents(store, network.sha256)), results: read.data.results };
    }
    throw new UserError(`${store.name} was changed while work went on in it: run the command again.`);
  };
}
