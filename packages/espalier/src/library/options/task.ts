import { z } from "zod";
import { fidelityMeasures } from "../../tasks/fidelity/index.ts";
import { IMITATE, measures, tasks } from "../../tasks/index.ts";
import type { Measure } from "../../tasks/measure.ts";
import type { Task } from "../../tasks/task.ts";
import { outputOption } from "./common.ts";
import { oneOf, oneOfOr, option } from "./option.ts";

const has = (value: unknown, ...names: readonly string[]) =>
  typeof value === "object" && value !== null && names.every((name) => name in value);

const taskNames = [...tasks.keys(), IMITATE];
/** A schema of its own for each option, as an option's help goes by its schema. */
const taskSchema = () => oneOfOr<Task>(taskNames, (value) => has(value, "targets", "loss", "measure")).optional();
const measureNames = [...new Set([...measures.keys(), ...fidelityMeasures.keys()])];

/** What a network is for, and which of its outputs that is about. */
export const taskOptions = {
  task: option(taskSchema(), {
    help: "what the network is for (default: what the data says; without targets, to imitate the model as it came)",
    names: taskNames,
  }),
  measure: option(oneOfOr<Measure>(measureNames, (value) => has(value, "better", "tally")).optional(), {
    help: "by what it is judged: a name, or a module FILE.js (default: what the task or the outputs say)",
    names: measureNames,
    module: true,
  }),
  output: outputOption,
};

/** What a network is for that is judged by targets. */
export const labelledTask = option(taskSchema(), {
  help: "what the network is for (default: what the data says)",
  names: [...tasks.keys()],
});

/** The output that is judged by targets. */
export const labelledOutput = option(z.string().optional(), {
  help: "the output that the task is about (default: the first that fits it)",
  value: "name",
});

/** The part of some data that is measured on. */
export const splitOption = option(oneOf(["train", "validation", "test"]).default("test"), {
  help: "which part; of a folder of photographs without parts all of it, unless it is given",
});
