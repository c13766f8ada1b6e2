import { measures, tasks } from "../../tasks/index.ts";
import type { Measure } from "../../tasks/measure.ts";
import type { Task } from "../../tasks/task.ts";
import { outputOption } from "./common.ts";
import { oneOfOr, option } from "./option.ts";

const has = (value: unknown, ...names: readonly string[]) =>
  typeof value === "object" && value !== null && names.every((name) => name in value);

/** What a network is for, and which of its outputs that is about. */
export const taskOptions = {
  task: option(oneOfOr<Task>([...tasks.keys()], (value) => has(value, "targets", "loss", "measure")).optional(), {
    help: "what the network is for (default: what the data says)",
    names: [...tasks.keys()],
  }),
  measure: option(oneOfOr<Measure>([...measures.keys()], (value) => has(value, "better", "tally")).optional(), {
    help: "by what it is judged (default: what the task says)",
    names: [...measures.keys()],
  }),
  output: outputOption,
};
