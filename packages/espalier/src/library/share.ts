import { adopt } from "../adoption/adopt.ts";
import { sampleForm } from "../adoption/samples.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { rowsOf, type SharedRow } from "../sharing/rows.ts";
import type { Sharing } from "../sharing/share.ts";
import type { Agreement } from "../training/agreement.ts";
import { type Errors, errorsOf } from "../training/evaluate.ts";
import { ownLabels } from "../training/own-labels.ts";
import { learnedTensors, parametersOf, withParameters } from "../training/parameters.ts";
import type { Hooks } from "./hooks.ts";

/** A network of which many weights have one value. Errors are percent. */
export interface ShareResult {
  /** With the shared values written out, in the form in which the network came. */
  readonly model: Model;
  /** The codes and codebook of each tensor that was shared. */
  readonly sharing: Sharing;
  /** What became of each of them. */
  readonly layers: readonly SharedRow[];
  /** Whether the data had labels, or the network's own first classes took their place; where there was data. */
  readonly labels?: "given" | "own";
  /** Before, and once the values were trained, where there was data; the test split read once for each network. */
  readonly baseline?: Errors;
  readonly shared?: Errors;
  /** The validation error right after sharing; where the values were trained. */
  readonly untrained?: number;
  /** With the network as it came, on the validation split; of sharing without labels. */
  readonly agreement?: Agreement;
}

/** How a network was shared, in the form in which it is trained. */
export interface SharedForm extends Pick<ShareResult, "model" | "sharing" | "untrained" | "agreement"> {}

/** Shares a network in the form in which it is trained on data, and measures both. */
export async function shareOn(
  engine: Engine,
  source: Model,
  given: Dataset,
  output: string | undefined,
  { onProgress }: Hooks,
  share: (model: Model, data: Dataset) => Promise<SharedForm>,
): Promise<ShareResult> {
  const note = (text: string) => onProgress?.({ kind: "note", text });
  const { model, notes, restore, rounded } = await adopt(engine, source, { ...sampleForm(given), output });
  for (const text of notes) note(text);
  const unlabeled = given.classes === 0;
  if (unlabeled) note("The photographs have no labels: the model's own first classes take their place.");
  const data = unlabeled ? await ownLabels(engine, model, given) : given;
  const shared = await share(model, data);
  const parameters = parametersOf(shared.model, learnedTensors(shared.model));
  return {
    ...shared,
    model: restore(parameters),
    layers: rowsOf(model, shared.sharing),
    labels: unlabeled ? "own" : "given",
    baseline: await errorsOf(engine, model, data),
    shared: await errorsOf(engine, withParameters(model, rounded(parameters)), data),
  };
}

export const NOTHING_SHARED = "Nothing can be shared within the loss of accuracy: the weights stay as they are.";
