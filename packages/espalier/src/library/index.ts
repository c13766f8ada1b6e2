/** What each command of the command line does, as one function; docs/guide.md has them in a table. */

// Training and measuring

export type { UnitGroup, UnitMember } from "../pruning/units/groups.ts";
export { type EvaluateOptions, type EvaluateResult, evaluate } from "./evaluate.ts";
export {
  type EvaluateAgainstOptions,
  type EvaluateAgainstResult,
  evaluateAgainst,
} from "./evaluate-against.ts";
export { type InspectedLayer, type InspectOptions, type InspectResult, inspect } from "./inspect.ts";
export { type OneSample, oneSample } from "./one-sample.ts";
export { type ScanOptions, type ScanResult, scan } from "./scan.ts";
export { type TrainOptions, type TrainResult, train } from "./train.ts";

// Pruning

export { type CompactOptions, type CompactResult, compact } from "./compact.ts";
export type { PruneHooks, PruneResult } from "./prune.ts";
export { type PruneByPlanOptions, pruneByPlan } from "./prune-by-plan.ts";
export { type PruneBySearchOptions, pruneBySearch } from "./prune-by-search.ts";
export {
  type PruneByUnitsOptions,
  type PruneByUnitsResult,
  pruneByUnits,
  type Shrinkage,
  type SpeedHooks,
} from "./prune-by-units.ts";
export {
  type PruneUnitsWithoutLabelsOptions,
  type PruneUnitsWithoutLabelsResult,
  pruneUnitsWithoutLabels,
} from "./prune-units-without-labels.ts";
export { type PruneWithoutLabelsOptions, pruneWithoutLabels } from "./prune-without-labels.ts";
export { type PruneReportOptions, pruneReport, pruneWithoutLabelsReport, type ReportOptions } from "./report.ts";
export type { PruneWithoutLabelsResult } from "./without-labels.ts";

// Sharing and coding

export { contentsOf, decode } from "espalier-runtime/codec";
export { type EncodeOptions, encode, encodeFile } from "../coding/encode.ts";
export type { Picture } from "../report/samples/picture.ts";
export type { SampleLook } from "../report/samples/render.ts";
export type { Said } from "../report/samples/said.ts";
export type { RateTrial } from "../sharing/rate/walk.ts";
export type { CurvePoint } from "../sharing/scaled/walk-curve.ts";
export { type CompressOptions, type CompressResult, compress } from "./compress.ts";
export { type CompressReportOptions, compressReport } from "./compress-report.ts";
export type { JudgedByLabels } from "./judge-by-labels.ts";
export { lookAtSamples } from "./samples.ts";
export type { ShareResult } from "./share.ts";
export { type ShareByRateOptions, type ShareByRateResult, shareByRate } from "./share-by-rate.ts";
export { type ShareWeightsOptions, shareWeights } from "./share-weights.ts";
export {
  type SharedFidelity,
  type ShareWithinOptions,
  type ShareWithinResult,
  shareWithin,
} from "./share-within.ts";
export { type ShareWithoutLabelsOptions, shareWithoutLabels } from "./share-without-labels.ts";

// Quantizing

export type { Treatment } from "../quantization/treatment.ts";
export {
  type QuantizedFidelity,
  type QuantizedLayer,
  type QuantizeOptions,
  type QuantizeResult,
  quantize,
} from "./quantize.ts";
export { type QuantizeReportOptions, quantizeReport } from "./quantize-report.ts";

// Networks from elsewhere, and by name

export { type CaffeFiles, type CaffeImportResult, importCaffeFiles, type NamedFile } from "./import-caffe.ts";
export { type ModelFile, readModelFile } from "./model-file.ts";
export { buildNetwork, countParameters, type ParameterCounts } from "./network.ts";
export { outputsAlong } from "./outputs-along.ts";
export { type GivenPreprocessing, type PreprocessingOptions, preprocessingFor } from "./preprocessing.ts";
export { type RandomDataOptions, randomData } from "./random-data.ts";
export { recordingsFor } from "./recordings.ts";
export { type SampleTensor, sampleTensors } from "./sample-tensors.ts";
export { type ThroughOptions, through } from "./through.ts";

// The papers' experiments

export type { Experiment, ExperimentResult, Figure, Passage, Rows } from "../experiments/experiment.ts";
export type { Shelf, Trained } from "../experiments/lab.ts";
export type { Shipped, ShippedNetwork } from "../experiments/shipped.ts";
export { type DemoOptions, type DenseStore, demo } from "./demo.ts";
export { experimentOf, type ReproduceOptions, reproduce } from "./reproduce.ts";

// The same network with less

export type { Rewrites } from "../engine/simplify-model.ts";
export { fixInputs, type InputOptions } from "./inputs.ts";
export { type SimplifyOptions, type SimplifyResult, simplify } from "./simplify.ts";

// How work is told of, ended, kept and judged

export type { Preprocessing } from "../data/preprocessing.ts";
export type { Comparison } from "../engine/compare.ts";
export { type Runtime, runtimeOf, type TimedNetwork } from "../engine/stopwatch.ts";
export type { TimesStore } from "../pruning/by-units/times.ts";
export type { PruningTrial } from "../pruning/reconstruction/search.ts";
export type { SharingTrial } from "../sharing/reconstruction/search.ts";
export type { SharedRow } from "../sharing/rows.ts";
export type { SharingAttempt } from "../sharing/search.ts";
export type { Sharing } from "../sharing/share.ts";
export type { SharedTensor } from "../sharing/shared.ts";
export type { OutputFidelity } from "../tasks/fidelity/fidelity.ts";
export type { Agreement } from "../training/agreement.ts";
export type { EpochResult } from "../training/epochs.ts";
export type { Quality } from "../training/evaluate.ts";
export type { CheckpointStore, Hooks, RunHooks } from "./hooks.ts";
export type { PerLayer } from "./options/notation.ts";
export type { Progress } from "./progress.ts";
