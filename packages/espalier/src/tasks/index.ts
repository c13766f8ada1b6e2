import { classify, type TaskData, type TaskOptions } from "./classify.ts";
import type { Task } from "./task.ts";
import { tokens } from "./tokens.ts";

/** The tasks by their names, each for some data. */
export const tasks: ReadonlyMap<string, (data: TaskData, options?: TaskOptions) => Task> = new Map([
  ["classify", classify],
  ["tokens", tokens],
]);

/** What data is for where nothing else is said: text to tell what follows, whole numbers to be classes. */
export function taskFor(data: TaskData, options: TaskOptions = {}): Task {
  return data.vocabulary || data.train.stream ? tokens(data, options) : classify(data, options);
}
