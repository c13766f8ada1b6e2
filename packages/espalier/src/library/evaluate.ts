import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { evaluate as evaluateSplit } from "../training/evaluate.ts";
import { type Evaluation, type TextMeasures, textMeasures } from "../training/tally.ts";
import { type Hooks, splitHooks } from "./hooks.ts";
import { adoptFor } from "./network.ts";
import { outputOption } from "./options/common.ts";
import { checkOptions, oneOf, option } from "./options/option.ts";

/** The options of {@link evaluate}. */
export const evaluateOptions = {
  output: outputOption,
  split: option(oneOf(["train", "validation", "test"]).default("test"), {
    help: "which part; of a folder of photographs without parts all of it, unless it is given",
  }),
};

const schema = z.object(evaluateOptions);

export type EvaluateOptions = z.input<typeof schema> & Hooks;

/** How well a network does on a split; of a text, bits per character and perplexity too. */
export type EvaluateResult = Evaluation & Partial<TextMeasures>;

/**
 * Measures how well a network does on a split of some data.
 * @throws UserError when the data does not fit the network, or an option is not valid
 */
export async function evaluate(
  engine: Engine,
  model: Model,
  data: Dataset,
  options: EvaluateOptions = {},
): Promise<EvaluateResult> {
  const { hooks, given } = splitHooks(options);
  const { output, split } = checkOptions(schema, given);
  const adopted = await adoptFor(engine, model, data, output, hooks);
  hooks.signal?.throwIfAborted();
  const result = await evaluateSplit(engine, adopted.model, data, data[split]);
  return { ...result, ...textMeasures(result, data[split]) };
}
