import { UserError } from "../errors.ts";
import type { TaskData } from "../tasks/classify.ts";
import { type TaskChoice, taskFor } from "../tasks/index.ts";
import type { Task } from "../tasks/task.ts";

/**
 * The task of what compares networks by their class scores, without labels.
 * @throws UserError for a task whose outputs are not scores
 */
export function scoringTask(data: TaskData, choice: TaskChoice): Task {
  const task = taskFor(data, choice);
  if (task.form.kind === "scores") return task;
  throw new UserError(
    `Without labels, networks are compared by their class scores, and the task ${task.name} has none: train what is left, with the targets of ${data.name}.`,
  );
}
