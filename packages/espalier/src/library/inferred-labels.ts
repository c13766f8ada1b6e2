import { adopt } from "../adoption/adopt.ts";
import { NoScores } from "../adoption/scores.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";
import { IMITATE, type TaskChoice, taskFor } from "../tasks/index.ts";

/**
 * The data without labels that were only inferred from names, where a network has no scores for as many classes. What
 * somebody gave stays: that it does not fit is told where it is used.
 * @throws OptionsError where the task is chosen, and needs the labels
 */
export async function fittingTargets(
  engine: Engine,
  source: Model,
  data: Dataset,
  { task, output }: Pick<TaskChoice, "task"> & { readonly output?: string },
): Promise<Dataset> {
  const { inferred, targets, classes } = data;
  if (!inferred || targets.length === 0 || task === IMITATE) return data;
  if (taskFor(data, { task }).form.kind !== "scores") return data;
  const scores = await scoresOf(engine, source, data, output);
  if (scores === classes) return data;
  if (task === undefined) return { ...data, targets: [], classes: undefined };
  throw new OptionsError(
    (o) =>
      `The photographs of ${data.name} are named by ${classes} classes, and "${source.name}" has ${scores === 0 ? "no class scores" : `scores for ${scores}`}: give their classes in the order of the scores by ${o("classes")}, or take a network for them.`,
  );
}

/** For how many classes a network has scores; 0 for none. */
async function scoresOf(engine: Engine, source: Model, data: Dataset, output: string | undefined): Promise<number> {
  try {
    const { model } = await adopt(engine, source, { data, output });
    return Number(model.outputs[0].shape?.[1]);
  } catch (error) {
    if (error instanceof NoScores) return 0;
    throw error;
  }
}
