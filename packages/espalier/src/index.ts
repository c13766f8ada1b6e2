/**
 * Espalier: learns both the weights and the connections of neural networks, on ONNX graphs.
 * Everything here runs in Node and in browsers; `espalier/node` adds Node's engine and datasets from files.
 *
 * What the commands do, each as one function, is `library/index.ts`; all else is what those functions are made of,
 * folder by folder.
 * @module espalier
 */

export { type Differentiated, differentiate, reachedByGradient } from "./autodiff/differentiate.ts";
export { noGradient } from "./autodiff/no-gradient.ts";
export type { GradientRule, RuleContext } from "./autodiff/rule.ts";
export { gradientRules } from "./autodiff/rules.ts";
export { arraySplit, type SampleArray } from "./data/array-split.ts";
export { type Recording, readWave } from "./data/audio/wave.ts";
export { type AudioOptions, windowed } from "./data/audio/windows.ts";
export type { Arrays, Dataset, LearningData, Split, Stream, TensorSpec } from "./data/dataset.ts";
export { type Division, type DivisionOptions, divide } from "./data/division.ts";
export { type IdxArray, readIdx } from "./data/idx.ts";
export { type Photographs, type Pixels, pictured } from "./data/images/samples.ts";
export { type NpzOptions, readNpz } from "./data/npz.ts";
export { inParts, type Listing, type Part } from "./data/parts.ts";
export { type Channels, checkPreprocessing, type Layout, PREPROCESSING_KEY } from "./data/preprocessing.ts";
export type { Storage, Store } from "./data/store.ts";
export { readText, type TextOptions } from "./data/text/read.ts";
export { statedVocabulary, type Unit, type Vocabulary } from "./data/text/vocabulary.ts";
export { annotate, type Symbols } from "./engine/annotate.ts";
export type { CompileOptions, Device, Engine, EngineOptions, Program, Tensors } from "./engine/engine.ts";
export { type Executor, inlineExecutor, type Job, type JobContext, type JobOptions } from "./engine/executor.ts";
export { type WebEngineOptions, webEngine } from "./engine/web.ts";
export { UserError } from "./errors.ts";
export { openCaffemodel } from "./import/caffe/caffemodel.ts";
export { openDeepCompression } from "./import/caffe/deep-compression.ts";
export { type CaffeImport, importCaffe } from "./import/caffe/import-caffe.ts";
export { type CaffeNet, readPrototxt } from "./import/caffe/net.ts";
export type { WeightFile } from "./import/caffe/weights.ts";
export { type CodedShape, decodeDeepCompression } from "./import/deep-compression/decode.ts";
export { encodeDeepCompression, type SharedLayer } from "./import/deep-compression/encode.ts";
export * from "./library/index.ts";
export { type Architecture, networks } from "./models/index.ts";
export { lenet5 } from "./models/lenet-5.ts";
export { lenet300100 } from "./models/lenet-300-100.ts";
export type { Attribute, Attributes } from "./onnx/attributes.ts";
export { caffeXavier, constant, glorot, he, type Initializer } from "./onnx/build/initializers.ts";
export {
  averagePool,
  conv2d,
  dense,
  dropout,
  flatten,
  globalAveragePool,
  type LayerBuilder,
  leakyRelu,
  maxPool,
  relu,
  reshape,
  sigmoid,
  softmax,
  tanh,
} from "./onnx/build/layers.ts";
export { type SequentialOptions, sequential } from "./onnx/build/sequential.ts";
export { GraphBuilder } from "./onnx/builder.ts";
export type { DType, NumericType, TensorData } from "./onnx/dtype.ts";
export { copyModel, emptyModel, type Graph, type Model, type Node, type Value } from "./onnx/graph.ts";
export { readModel } from "./onnx/read.ts";
export { type FloatTensor, float32, isFloat32, type NumericTensor, type Tensor } from "./onnx/tensor.ts";
export { type FeedableModel, type TypedModel, type TypedValue, typedModel } from "./onnx/typed.ts";
export { upgrade } from "./onnx/upgrade.ts";
export { writeModel } from "./onnx/write.ts";
export { type Layer, layersOf, selectLayers } from "./operators/layers.ts";
export { allocate, balance, startingDensities } from "./pruning/allocation.ts";
export { decodeCheckpoint, encodeCheckpoint } from "./pruning/checkpoint.ts";
export type { Criterion, ScoreContext } from "./pruning/criteria/criterion.ts";
export { criteria, criterionOf } from "./pruning/criteria/index.ts";
export { inputDropout, type RetrainingDropout, retrainingDropout } from "./pruning/dropout.ts";
export { cubic, type Gradual, gradually } from "./pruning/gradual.ts";
export { countNonzero, maskAbove, masksOfZeros } from "./pruning/mask.ts";
export { inTurn, pruningRounds, roundsOf } from "./pruning/recipe-rounds.ts";
export { type Recipe, recipeOf, recipes } from "./pruning/recipes.ts";
export type { Pruning, Round, RoundResult } from "./pruning/round.ts";
export {
  type RoundPlanner,
  type RoundsOptions,
  type RoundsResult,
  type RoundsState,
  runRounds,
} from "./pruning/rounds.ts";
export { type ScanCost, scanCost } from "./pruning/scan-cost.ts";
export { type RoundSearchOptions, searchRounds } from "./pruning/search.ts";
export {
  type LayerScan,
  type LayerScanOptions,
  type LayerSensitivity,
  scanLayers,
} from "./pruning/sensitivity.ts";
export { chooseMasks, type Target } from "./pruning/target.ts";
export { clearDeadUnits } from "./pruning/units/clear.ts";
export { type Removal, removeDeadUnits } from "./pruning/units/remove.ts";
export { type LayerRow, layerTable } from "./report/layer-table.ts";
export { classify, type TaskData, type TaskOptions } from "./tasks/classify.ts";
export { measures, type TaskChoice, type TaskEntry, taskFor, tasks } from "./tasks/index.ts";
export { absoluteError, binaryCrossEntropy, crossEntropy, type Loss, losses, meanSquaredError } from "./tasks/loss.ts";
export type { JudgedBatch, Measure, Measured, Tally } from "./tasks/measure.ts";
export { regress } from "./tasks/regress.ts";
export type { MeanLoss, Task } from "./tasks/task.ts";
export { tokens } from "./tasks/tokens.ts";
export type { Augmentation } from "./training/augment.ts";
export type { BatchNorm, RunningStatistic } from "./training/batch-norm.ts";
export type { Clipping } from "./training/clip.ts";
export type { EpochsControl, EpochsResult, EpochsState, StepProgress } from "./training/epochs.ts";
export { type Evaluation, Evaluator, type EvaluatorOptions } from "./training/evaluate.ts";
export type { Evidence, Need } from "./training/evidence.ts";
export { targetOf } from "./training/feeding.ts";
export { objective } from "./training/objective.ts";
export {
  adamScaling,
  chain,
  decay,
  lasso,
  momentum,
  type Optimizer,
  relative,
  type Transform,
  type UpdateContext,
} from "./training/optimizer.ts";
export {
  applyMasks,
  learnedTensors,
  type Masks,
  type Parameters,
  parametersOf,
  runningStatistics,
  trainableParameters,
  withParameters,
} from "./training/parameters.ts";
export { type Policy, type Schedule, schedule } from "./training/schedule.ts";
export {
  gradientStep,
  type Regularization,
  type StepGraph,
  type StepOptions,
  updateStep,
  wholeStep,
} from "./training/step-graph.ts";
export { type EpochsOptions, runEpochs } from "./training/train.ts";
export { Trainer, type TrainerOptions, type TrainerState } from "./training/trainer.ts";
export { weightDecay } from "./training/weight-decay.ts";
