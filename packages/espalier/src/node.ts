/**
 * What Espalier has for Node alone: the native engine, datasets from files, workers, plans of sweeps, and the report.
 * @module espalier/node
 */

export { defineSweep, type StageModel, type SweepPlan, type SweepStage } from "./cli/sweep/define.ts";
export { temporaryFile } from "./data/file-store.ts";
export { openIdxFolder, openMnist } from "./data/mnist.ts";
export { openModule } from "./data/module.ts";
export { openNpz } from "./data/node/npz.ts";
export { openDataset } from "./data/spec.ts";
export { nodeEngine } from "./engine/node.ts";
export { type LocalExecutorOptions, localExecutor } from "./jobs/local.ts";
export { type QueueExecutorOptions, queueExecutor } from "./jobs/queue/executor.ts";
export { type QueueStepsOptions, queueStepsExecutor } from "./jobs/queue/steps.ts";
export type { WorkerKind } from "./jobs/start.ts";
export { stepsExecutor } from "./jobs/steps-executor.ts";
export { renderReport } from "./report/render.ts";
export type { RunReport } from "./report/run-report.ts";
