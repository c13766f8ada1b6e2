import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { Comparison, type EvaluateAgainstResult } from "./comparison.ts";
import { type Hooks, splitHooks } from "./hooks.ts";
import { checkOptions } from "./options/option.ts";
import { splitOption, taskOptions } from "./options/task.ts";

/** The options of {@link evaluateAgainst}. */
export const evaluateAgainstOptions = { measure: taskOptions.measure, split: splitOption };

const schema = z.object(evaluateAgainstOptions);

/** Which split, and by what the outputs are compared. */
export type EvaluateAgainstOptions = z.input<typeof schema> & Hooks;

export type { EvaluateAgainstResult };

/**
 * Compares all outputs of a network with those of another on the same samples: of one that was made smaller, say, with
 * those of the network as it came. No target is read. States that a caller would carry are carried through each recording
 * where the data says that samples follow each other; else they are zero for each sample.
 * @param against the network whose outputs are right
 * @throws UserError when the data does not fit the networks, or their outputs each other, or an option is not valid
 */
export async function evaluateAgainst(
  engine: Engine,
  model: Model,
  against: Model,
  given: Dataset,
  options: EvaluateAgainstOptions = {},
): Promise<EvaluateAgainstResult> {
  const { hooks, given: chosen } = splitHooks(options);
  const { signal, onProgress } = hooks;
  const onNote = (text: string) => onProgress?.({ kind: "note", text });
  return new Comparison(engine, against, given, { ...checkOptions(schema, chosen), signal, onNote }).with(model);
}
