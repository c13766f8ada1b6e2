import { forSamples } from "../adoption/samples.ts";
import type { Dataset } from "../data/dataset.ts";
import { someOf } from "../data/some.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { sharesOf, waysOf } from "../quantization/choose.ts";
import { float16Form } from "../quantization/float16-form.ts";
import { type Form, smallest } from "../quantization/form.ts";
import { int4Form } from "../quantization/int4-form.ts";
import { int8Form } from "../quantization/int8-form.ts";
import { firstGood, ladderOf, type Plan } from "../quantization/ladder.ts";
import { Trials } from "../quantization/trials.ts";
import { type Statistics, statisticsOf } from "../sharing/scaled/statistics.ts";
import { checkPercent } from "../tasks/fidelity/percent.ts";
import { fidelityText } from "../tasks/words.ts";
import { turn } from "../work.ts";
import { Comparison } from "./comparison.ts";
import { type Hooks, workOf } from "./hooks.ts";
import { learnable } from "./learnable.ts";
import { BLOCK, QUANTIZING_LOSS } from "./options/quantizing.ts";
import type { QuantizeChosen, QuantizeResult } from "./quantize.ts";
import { quantizedRows } from "./quantized-rows.ts";
import { checkTelling, noteBeyond } from "./telling.ts";

/**
 * Quantizes a network by samples: training samples tell how weights are rounded and what values may be, validation samples
 * how each layer is held, and the test split is read at the end.
 */
export async function quantizeBySamples(
  engine: Engine,
  source: Model,
  base: Model,
  data: Dataset,
  chosen: QuantizeChosen,
  hooks: Hooks,
): Promise<QuantizeResult> {
  const { measure, maxLoss = QUANTIZING_LOSS, block = BLOCK } = chosen;
  const { signal, onProgress } = hooks;
  const note = (text: string) => onProgress?.({ kind: "note", text });
  const onWork = workOf(hooks);
  if (typeof measure === "object") checkPercent(measure);
  const validation = new Comparison(engine, source, data, { measure, split: "validation", signal, onNote: note });
  const test = new Comparison(engine, source, data, { measure, split: "test", signal });
  const more = { ...data, train: someOf(data.train, CONFIRMED_BY * data.validation.size) };
  const confirmation = new Comparison(engine, source, more, { measure, split: "train", signal });
  const statistics = await statisticsFor(engine, base, data, chosen, hooks);
  const form = await formFor(engine, base, data, statistics, chosen, hooks);
  const fidelities = new Map<string, number>();
  const keyOf = (plan: Plan) => [...form.ways.keys()].map((name) => plan.get(name)).join();
  const good = new Map<string, boolean>();
  const isGood = async (plan: Plan) => {
    const known = good.get(keyOf(plan));
    if (known !== undefined) return known;
    signal?.throwIfAborted();
    const result = await validation.with(form.write(base, plan));
    if (fidelities.size === 0) checkTelling(result, maxLoss, note);
    fidelities.set(keyOf(plan), result.fidelity);
    note(
      `${heldText(plan)}: ${fidelityText(result.fidelity)} the same by ${result.measure.name} on validation samples.`,
    );
    const found = result.fidelity >= 100 - maxLoss && (await isConfirmed(plan));
    good.set(keyOf(plan), found);
    return found;
  };
  /** Of many plans that are tried, one is good enough by chance now and then: training samples choose none. */
  const isConfirmed = async (plan: Plan) => {
    const { fidelity } = await confirmation.with(form.write(base, plan));
    if (fidelity >= 100 - maxLoss) return true;
    note(`That was by chance: of training samples ${fidelityText(fidelity)} are the same.`);
    return false;
  };
  const first = smallest(form);
  const isEnough = await isGood(first);
  const trials = await Trials.create(engine, base, data);
  const shares = sharesOf(base, trials.typed);
  const tried = await waysOf(form, shares, trials, {
    all: !isEnough,
    async onTrial(done, total) {
      await turn();
      signal?.throwIfAborted();
      onWork("Trying each layer", done, total);
    },
  });
  const plan = isEnough ? first : await chosenOf(ladderOf(tried));
  const model = form.write(base, plan);
  const tested = await test.with(model);
  noteBeyond(tested, maxLoss, note);
  const { fidelity, samples, standardError, outputs } = tested;
  return {
    model,
    layers: quantizedRows(base, plan, tried),
    difference: Math.max(...outputs.map(({ relativeError }) => relativeError)),
    measure: tested.measure,
    fidelity: { validation: fidelities.get(keyOf(plan)) ?? 100, test: fidelity, samples, standardError, outputs },
    nearest: await nearestOf(plan),
  };

  async function chosenOf(plans: readonly Plan[]): Promise<Plan> {
    return plans[await firstGood(plans.length, (at) => isGood(plans[at]))];
  }

  /** What the same layers of four bits do whose weights are each the nearest. */
  async function nearestOf(plan: Plan) {
    if (chosen.to !== "int4" || ![...plan.values()].includes("int4")) return undefined;
    const { fidelity } = await test.with(int4Form(base, "nearest", block).write(base, plan));
    return { fidelity };
  }
}

/** How many training samples confirm what validation samples chose, for each of those. */
const CONFIRMED_BY = 2;

/** More samples tell codes of eight or four bits hardly more. */
const MOST_SAMPLES = 128;

/** What layers read and do to the outputs; undefined where it is not asked for, or a gradient is not known. */
async function statisticsFor(
  engine: Engine,
  base: Model,
  data: Dataset,
  { to, seed }: QuantizeChosen,
  hooks: Hooks,
): Promise<Statistics | undefined> {
  if (to === "float16") return undefined;
  try {
    const { network, batch, kinds } = await learnable(engine, forSamples(base, data), data);
    const onPart = (part: number) => workOf(hooks)("Looking at the layers", part, 1);
    const some = { ...data, train: someOf(data.train, MOST_SAMPLES) };
    return await statisticsOf(engine, network, some, { batch, seed, kinds, signal: hooks.signal, onPart });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const text = `Each weight is rounded to the nearest code, as not all is known of the layers. ${error.message}`;
    hooks.onProgress?.({ kind: "note", text });
    return undefined;
  }
}

async function formFor(
  engine: Engine,
  base: Model,
  data: Dataset,
  statistics: Statistics | undefined,
  { to, block = BLOCK }: QuantizeChosen,
  hooks: Hooks,
): Promise<Form> {
  const onPart = (part: number) => workOf(hooks)("Looking at what values may be", part, 1);
  switch (to) {
    case "int8":
      return int8Form(engine, base, { data, statistics }, { signal: hooks.signal, onPart });
    case "int4":
      return int4Form(base, statistics, block);
    case "float16":
      return float16Form(base, await annotate(engine, forSamples(base, data), { batch: 1 }));
  }
}

/** "48 layers int8, 3 float32". */
function heldText(plan: Plan): string {
  const counts = new Map<string, number>();
  for (const treatment of plan.values()) counts.set(treatment, (counts.get(treatment) ?? 0) + 1);
  return `Layers: ${Array.from(counts, ([treatment, count]) => `${count} ${treatment}`).join(", ")}`;
}
