import type { Dataset } from "../data/dataset.ts";
import { openDataset } from "../data/spec.ts";
import type { Job } from "../engine/executor.ts";
import { nodeEngine } from "../engine/node.ts";
import { type LabRun, runHere, type Trained } from "../experiments/lab.ts";
import { readModel } from "../onnx/read.ts";
import { writeModel } from "../onnx/write.ts";

/** Rounds that a network goes through in another process, on data that is opened there. */
export interface LabWork extends Omit<LabRun, "model"> {
  readonly network: Uint8Array;
  /** Its SPEC. */
  readonly data: string;
  readonly threads: number;
}

/** The network afterwards. */
export interface LabDone extends Omit<Trained, "model"> {
  readonly network: Uint8Array;
}

/** What was opened last: the runs of an experiment are on one dataset. */
let opened: { readonly spec: string; readonly data: Promise<Dataset> } | undefined;

/** Takes a network of an experiment through rounds. */
export const labJob: Job<LabWork, LabDone> = {
  name: "lab",
  async run({ network, data: spec, threads, ...run }, { signal, progress }) {
    if (opened?.spec !== spec) opened = { spec, data: openDataset(spec) };
    const onWork = (_: string, done: number, total?: number) => progress({ done, total });
    const labRun = { ...run, model: readModel(network) };
    const { model, results } = await runHere(nodeEngine({ threads }), await opened.data, labRun, { signal, onWork });
    return { network: writeModel(model), results };
  },
};
