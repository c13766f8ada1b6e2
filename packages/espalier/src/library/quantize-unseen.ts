import { annotate } from "../engine/annotate.ts";
import { differenceOf } from "../engine/difference.ts";
import type { Engine } from "../engine/engine.ts";
import { withFoundSizes } from "../engine/found-sizes.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { float16Form } from "../quantization/float16-form.ts";
import { type Form, smallest } from "../quantization/form.ts";
import { int4Form } from "../quantization/int4-form.ts";
import { int8Form } from "../quantization/int8-form.ts";
import { type Hooks, workOf } from "./hooks.ts";
import { BLOCK } from "./options/quantizing.ts";
import type { QuantizeChosen, QuantizeResult } from "./quantize.ts";
import { quantizedRows } from "./quantized-rows.ts";

/** Differences of more than this part of the largest output leave little of what the network said. */
const MOST_DIFFERENCE = 0.5;

/**
 * Quantizes a network of which no samples are given, all of it, and compares its outputs on random inputs.
 * @throws UserError where they are no longer the network's
 */
export async function quantizeUnseen(
  engine: Engine,
  source: Model,
  base: Model,
  chosen: QuantizeChosen,
  hooks: Hooks,
): Promise<QuantizeResult> {
  const onWork = workOf(hooks);
  onWork("Rounding layers", 0);
  const form = await formOf(engine, base, chosen);
  const plan = smallest(form);
  const model = form.write(base, plan);
  hooks.signal?.throwIfAborted();
  onWork("Comparing both on random inputs", 0);
  const compared = await differenceOf(engine, source, model, chosen.seed);
  if (!compared) {
    throw new UserError(
      `The network "${source.name}" runs on none of the random inputs that were tried, which would show that it is still the same: give samples, or the shapes of its inputs.`,
    );
  }
  const worst = compared.outputs.reduce((a, b) => (b.difference > a.difference ? b : a));
  if (!(worst.difference <= MOST_DIFFERENCE)) {
    throw new UserError(
      `As ${chosen.to} the network is not the same: on random inputs its output "${worst.name}" differs by ${worst.difference.toPrecision(2)} of the largest; give samples, by which layers are chosen, or another type.`,
    );
  }
  hooks.onProgress?.({
    kind: "note",
    text: "No inputs were seen: how far the outputs of real ones change is not known; compare by eval --against, or give some by --data.",
  });
  return { model, layers: quantizedRows(base, plan), difference: worst.difference };
}

async function formOf(engine: Engine, base: Model, { to, block = BLOCK }: QuantizeChosen): Promise<Form> {
  switch (to) {
    case "int8":
      return int8Form(engine, base, undefined);
    case "int4":
      return int4Form(base, undefined, block);
    case "float16":
      return float16Form(base, await annotate(engine, await withFoundSizes(engine, base), { batch: 1 }));
  }
}
