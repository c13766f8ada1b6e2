import { UserError } from "../errors.ts";
import { isWhole } from "../onnx/dtype.ts";
import { choices } from "../suggest.ts";
import { classify, type TaskData, type TaskOptions } from "./classify.ts";
import type { Measure } from "./measure.ts";
import { meanAbsoluteErrorMeasure, meanSquaredErrorMeasure } from "./measures/distance.ts";
import { error } from "./measures/error.ts";
import { labelError } from "./measures/label-error.ts";
import { bitsPerCharacter, lossPerToken } from "./measures/token-loss.ts";
import { regress } from "./regress.ts";
import type { Task } from "./task.ts";
import { tokens } from "./tokens.ts";

/** A task by its name: how it is made for some data, and the measures by which it can be judged. */
export interface TaskEntry {
  /** Makes the task for some data. */
  readonly make: (data: TaskData, options?: TaskOptions) => Task;
  readonly measures: readonly Measure[];
}

/** The tasks by their names. */
export const tasks: ReadonlyMap<string, TaskEntry> = new Map<string, TaskEntry>([
  ["classify", { make: classify, measures: [error] }],
  ["tokens", { make: tokens, measures: [bitsPerCharacter, lossPerToken, error] }],
  ["regress", { make: regress, measures: [meanSquaredErrorMeasure, meanAbsoluteErrorMeasure, error, labelError] }],
]);

/** All measures by their names. */
export const measures: ReadonlyMap<string, Measure> = new Map(
  [...tasks.values()].flatMap((task) => task.measures.map((measure) => [measure.name, measure] as const)),
);

/** The task that needs no targets: `imitate` makes it once the outputs of a network are known. */
export const IMITATE = "imitate";

/** What a task is chosen by, where it is not the data alone. */
export interface TaskChoice {
  /** Default: what the data says. */
  readonly task?: string | Task;
  /** Default: that of the task. */
  readonly measure?: string | Measure;
  /** Default: that of the task. */
  readonly loss?: TaskOptions["loss"];
}

/**
 * Returns true if networks are to say what they said before: where it is asked for, and where data has no targets and no
 * task is named.
 */
export function imitates(
  { targets, vocabulary }: Pick<TaskData, "targets" | "vocabulary">,
  { task }: Pick<TaskChoice, "task">,
) {
  return task === IMITATE || (task === undefined && targets.length === 0 && !vocabulary);
}

/**
 * What a network is for. Where it is not said: text is to tell what follows, float targets are values, all else classes.
 * @throws UserError for a name that is none, or a measure that does not judge that task
 */
export function taskFor(data: TaskData, { task = nameFor(data), measure, loss }: TaskChoice = {}): Task {
  if (typeof task !== "string") {
    if (loss) throw new UserError("A task of your own has a loss of its own: leave out loss.");
    if (typeof measure === "string") {
      throw new UserError(`A task of your own is judged by a measure of its own: leave out "${measure}".`);
    }
    return measure ? { ...task, measure } : task;
  }
  const entry = tasks.get(task);
  if (!entry) throw new UserError(`There is no task "${task}" here: ${choices(task, tasks.keys())}.`);
  const { make, measures } = entry;
  if (typeof measure !== "string") return make(data, { loss, measure });
  const found = measures.find(({ name }) => name === measure);
  if (found) return make(data, { loss, measure: found });
  throw new UserError(
    `The task ${task} is not judged by "${measure}": choose ${measures.map(({ name }) => name).join(", ")}.`,
  );
}

function nameFor({ vocabulary, train, targets }: TaskData): string {
  if (vocabulary || train.stream) return "tokens";
  const [target] = targets;
  return target && !isWhole(target.dtype) ? "regress" : "classify";
}
