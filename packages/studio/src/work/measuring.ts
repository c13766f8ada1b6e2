import { type Dataset, type Engine, evaluate, evaluateAgainst, type Hooks, type Model, UserError } from "espalier";
import type { InputFacts, Version } from "../told.ts";
import { judged } from "./perform.ts";
import { timed } from "./timing.ts";

/** On what, and beside what, a network is measured. */
export interface Measuring {
  readonly engine: Engine;
  readonly threads: number;
  readonly model: Model;
  /** The network as it came; undefined where this one is it. */
  readonly reference: Model | undefined;
  readonly inputs: { readonly data: Dataset; readonly facts: InputFacts };
  readonly hooks: Pick<Hooks, "signal">;
  readonly onWork: (what: string) => void;
  /** Is told what leaves a figure out. */
  readonly onNote: (text: string) => void;
}

/** How far a network's outputs are what they were, how well it does by labels, and how long it takes. */
export async function measured(given: Measuring): Promise<Pick<Version, "fidelity" | "quality" | "timing">> {
  const { engine, threads, model, reference, inputs, hooks, onWork, onNote } = given;
  const { data, facts } = inputs;
  const unlessUnfit = async <Figure>(measure: () => Promise<Figure>): Promise<Figure | undefined> => {
    try {
      return await measure();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onNote(error.message);
      return undefined;
    }
  };
  onWork("Comparing the outputs with what they were");
  const fidelity =
    reference &&
    (await unlessUnfit(async () => {
      const { fidelity: value, measure, samples } = await evaluateAgainst(engine, model, reference, data, hooks);
      return judged(measure, "test", value, { samples });
    }));
  const quality = facts.labelled
    ? await unlessUnfit(async () => {
        const before = reference && (await evaluate(engine, reference, data, hooks));
        const { measure, value } = await evaluate(engine, model, data, hooks);
        return judged(measure, "test", value, { before: before?.value, samples: data.test.size });
      })
    : undefined;
  onWork("Timing one sample");
  const timing = await unlessUnfit(() => timed(engine, model, data, threads));
  return { fidelity, quality: quality ? [quality] : [], timing };
}
