import type { Adopted } from "../adoption/adopt.ts";
import { roomFor } from "../adoption/batch.ts";
import { NoScores } from "../adoption/scores.ts";
import type { Dataset } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { OptionsError } from "../options-error.ts";
import { fidelityMeasures } from "../tasks/fidelity/index.ts";
import { chanceAt } from "../tasks/fidelity/ratio.ts";
import { ALL } from "../tasks/imitate.ts";
import { IMITATE, imitates, type TaskChoice, taskFor } from "../tasks/index.ts";
import type { Task } from "../tasks/task.ts";
import { checkSize } from "../training/evaluate.ts";
import { imitationOf } from "../training/imitation.ts";
import { checkNotQuantized } from "./check-quantized.ts";
import { type Hooks, workOf } from "./hooks.ts";
import { fittingTargets } from "./inferred-labels.ts";
import { adoptFor } from "./network.ts";

/** What a network is for, which of its outputs that is about, and how training may change samples. */
export interface PrepareChoice extends TaskChoice {
  readonly output?: string;
  readonly shift?: number;
  readonly flip?: boolean;
  /** By how many points a network may be worse, where something is searched for. */
  readonly maxLoss?: number;
  /** The network to imitate; default: the network itself, as it came. */
  readonly against?: Model;
}

/** A network, its task, and the data with the targets that the task needs. */
export interface PreparedTask {
  readonly adopted: Adopted;
  readonly task: Task;
  readonly data: Dataset;
  /** Of imitation, how training goes where the options leave it open. */
  readonly imitation?: {
    /** Samples in a batch, of which all that a step computes has room. */
    readonly batch: number;
  };
}

/**
 * Does some work with a network in the form for a task on some data: see {@link PreparedTask}. What its targets take is
 * freed in the end.
 * @throws UserError where network, task and data do not fit; the signal's reason where it is there already
 */
export async function onTask<Result>(
  engine: Engine,
  source: Model,
  given: Dataset,
  choice: PrepareChoice,
  hooks: Hooks,
  work: (prepared: PreparedTask) => Promise<Result>,
): Promise<Result> {
  checkStart(source, given, hooks);
  const { release, ...prepared } = await prepareTask(engine, source, given, choice, hooks);
  try {
    return await work(prepared);
  } finally {
    await release();
  }
}

/** @throws UserError for data without samples, or a network that is quantized; the signal's reason where it is there already */
function checkStart(source: Model, given: Dataset, hooks: Hooks): void {
  hooks.signal?.throwIfAborted();
  checkNotQuantized(source);
  for (const split of [given.train, given.validation]) checkSize(split, given);
  workOf(hooks)("Preparing the network", 0);
}

/**
 * The same for what compares networks by their class scores where they are all that it says, or what the data has labels
 * of; a network of any other kind imitates itself.
 */
export async function onScores<Result>(
  engine: Engine,
  source: Model,
  data: Dataset,
  choice: PrepareChoice,
  hooks: Hooks,
  work: (prepared: PreparedTask) => Promise<Result>,
): Promise<Result> {
  checkStart(source, data, hooks);
  const { task: wanted, measure, output } = choice;
  const given = await fittingTargets(engine, source, data, choice);
  const fidelity = typeof measure === "string" && fidelityMeasures.has(measure);
  const imitating = { ...choice, task: IMITATE };
  // Of several outputs the class scores, if there are any, are not all that is to stay.
  const several = source.outputs.length > 1 && output === undefined && given.targets.length === 0;
  if (wanted === IMITATE || (wanted === undefined && (fidelity || several))) {
    return onTask(engine, source, given, imitating, hooks, work);
  }
  const task = taskFor(given, choice);
  if (task.form.kind !== "scores") {
    if (wanted === undefined) return onTask(engine, source, given, imitating, hooks, work);
    throw new OptionsError(
      (o) => `Without labels, the task ${task.name} has nothing to compare networks by: give ${o("task")} ${IMITATE}.`,
    );
  }
  let adopted: Adopted;
  try {
    adopted = await adoptFor(engine, source, given, task, output, hooks);
  } catch (error) {
    if (!(error instanceof NoScores) || wanted !== undefined) throw error;
    return onTask(engine, source, given, imitating, hooks, work);
  }
  if (unread(given)) {
    const text = `No labels are read: "${source.name}" has ${NO_SCORES_FOR_NAMES}.`;
    hooks.onProgress?.({ kind: "note", text });
  }
  return work({ adopted, task, data: given });
}

const NO_SCORES_FOR_NAMES = "no scores for classes by which the photographs are named";

/** Whether there were labels, but only inferred, and the network has no use for them. */
const unread = ({ inferred, targets }: Dataset) => inferred && targets.length === 0;

/**
 * Brings a network into the form for a task on some data. Where the data has no targets, or imitation is asked for, the
 * network's own outputs are the targets.
 * @throws UserError where network, task and data do not fit
 */
async function prepareTask(
  engine: Engine,
  source: Model,
  data: Dataset,
  choice: PrepareChoice,
  hooks: Hooks,
): Promise<PreparedTask & { release(): Promise<void> }> {
  const given = await fittingTargets(engine, source, data, choice);
  const { task: wanted, measure, loss, output, maxLoss } = choice;
  if (choice.against && !imitates(given, choice)) {
    throw new OptionsError((o) => `${o("against")} is the model to imitate: give ${o("task")} ${IMITATE} too.`);
  }
  if (!imitates(given, choice)) {
    checkMeasure(measure);
    const task = taskFor(given, { task: wanted, measure, loss });
    const adopted = await adoptFor(engine, source, given, task, output, hooks);
    return { adopted, task, data: given, release: async () => {} };
  }
  if (loss) {
    throw new OptionsError((o) => `Imitation has a loss of its own, what the outputs say: leave out ${o("loss")}.`);
  }
  if (choice.shift || choice.flip) {
    throw new OptionsError(
      (o) => `Imitation holds samples against outputs of the same: leave out ${o("shift")} and ${o("flip")}.`,
    );
  }
  const weights = weightsOf(output);
  const form = { ...ALL, only: weights && [...weights.keys()] };
  const adopted = await adoptFor(engine, source, given, { name: IMITATE, form }, undefined, hooks);
  const note = (text: string) => hooks.onProgress?.({ kind: "note", text });
  const none = unread(given) ? `it has ${NO_SCORES_FOR_NAMES}` : "the samples have no targets";
  const why = given.targets.length > 0 ? "" : `, as ${none}`;
  note(`The task is imitate, to say what "${(choice.against ?? source).name}" says as it came${why}.`);
  const { against } = choice;
  const teacher = against ? await adoptFor(engine, against, given, { name: IMITATE, form }, undefined, {}) : adopted;
  if (against) checkOutputs(adopted, teacher);
  const { task, data: imitated, notes, release } = await imitationOf(engine, teacher, given, { measure, weights });
  for (const text of notes) note(text);
  hooks.onProgress?.({ kind: "task", task: task.name, measure: task.measure });
  const { size } = imitated.validation;
  const chance = maxLoss === undefined ? 0 : chanceAt(100 - maxLoss, size);
  if (maxLoss !== undefined && maxLoss < 100 && (chance > maxLoss || size * maxLoss < 100)) {
    note(
      `${size} samples to choose by are too few to tell ${maxLoss} points apart: take ${Math.ceil(100 / Math.max(maxLoss, 0.1))} at least.`,
    );
  }
  return { adopted, task, data: imitated, imitation: { batch: await roomyBatch(engine, adopted) }, release };
}

/** @throws UserError where a network cannot say what another does */
function checkOutputs(own: Adopted, teacher: Adopted): void {
  const sizes = ({ heads = [], samples }: Adopted) => heads.map(({ shape }) => sizeOf(shape) / samples).join(", ");
  if (sizes(own) === sizes(teacher)) return;
  throw new UserError(
    `The outputs of the network have ${sizes(own)} numbers for a sample, and those of the one to imitate ${sizes(teacher)}: take networks with the same outputs.`,
  );
}

/** Numbers that all values of a training batch may be together, of which a step holds some three times as many: 1 GB. */
const MOST_VALUES = 2 ** 26;
const BATCH = 64;

async function roomyBatch(engine: Engine, { model, samples }: Adopted): Promise<number> {
  const fixed = model.inputs.find(({ name, shape }) => !model.initializers.has(name) && typeof shape?.[0] === "number");
  if (fixed) return samples;
  return roomFor(await annotate(engine, model, { batch: samples }), MOST_VALUES, BATCH, samples);
}

/** @throws UserError for a measure of fidelity where the data has targets of its own */
function checkMeasure(measure: TaskChoice["measure"]): void {
  if (typeof measure !== "string" || !fidelityMeasures.has(measure)) return;
  throw new OptionsError(
    (o) => `${measure} compares networks, and the data has targets: give ${o("task")} ${IMITATE}, or another measure.`,
  );
}

/**
 * Which outputs count, and how much: "scores=1,boxes=0.5", or names alone.
 * @throws UserError for a weight that is none
 */
function weightsOf(text: string | undefined): Map<string, number> | undefined {
  if (text === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const part of text.split(",")) {
    const [, name, weight = "1"] = /^(.+?)(?:=([^=]*))?$/.exec(part.trim()) ?? [];
    const value = weight.trim() === "" ? Number.NaN : Number(weight);
    if (!name || !(value > 0 && Number.isFinite(value))) {
      throw new UserError(`"${part}" is no output with its weight: write NAME or NAME=WEIGHT, above 0.`);
    }
    weights.set(name, value);
  }
  return weights;
}
