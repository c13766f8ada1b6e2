import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import type { Measure } from "../tasks/measure.ts";
import { evaluate } from "./evaluate.ts";
import type { Hooks } from "./hooks.ts";

/** What a task's measure says of a network on the test split, before and after. */
export interface JudgedByLabels {
  readonly measure: Measure;
  readonly baseline: number;
  readonly shared: number;
}

/**
 * Judges a network before and after by the labels that the data has: undefined where it has none, or where they are not
 * about this network, which a note then says.
 */
export async function judgeByLabels(
  engine: Engine,
  before: Model,
  after: Model,
  data: Dataset,
  { signal, onProgress }: Hooks,
): Promise<JudgedByLabels | undefined> {
  if (data.targets.length === 0) return undefined;
  try {
    const baseline = await evaluate(engine, before, data, { split: "test", signal });
    const shared = await evaluate(engine, after, data, { split: "test", signal });
    return { measure: baseline.measure, baseline: baseline.value, shared: shared.value };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onProgress?.({ kind: "note", text: `The labels of ${data.name} do not judge this network. ${error.message}` });
    return undefined;
  }
}
