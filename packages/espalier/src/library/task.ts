import type { Dataset } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { OptionsError } from "../options-error.ts";
import { choices } from "../suggest.ts";
import { taskFor, tasks } from "../tasks/index.ts";
import type { Loss } from "../tasks/loss.ts";
import type { Task } from "../tasks/task.ts";
import type { Hooks } from "./hooks.ts";

/**
 * What a network is for: as the caller says, or as the data does.
 * @param loss that is lowered instead of the task's own
 * @throws UserError when there is no task of that name, or both a task and a loss are given as objects
 */
export function taskOf(data: Dataset, { task }: Pick<Hooks, "task">, loss?: Loss): Task {
  if (task === undefined) return taskFor(data, { loss });
  if (typeof task === "string") {
    const make = tasks.get(task);
    if (!make) throw new UserError(`There is no task "${task}": ${choices(task, tasks.keys())}.`);
    return make(data, { loss });
  }
  if (loss) throw new OptionsError((o) => `The task has a loss of its own: leave out ${o("loss")}.`);
  return task;
}
