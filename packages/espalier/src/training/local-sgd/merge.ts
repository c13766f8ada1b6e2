import type { Masks, Parameters } from "../parameters.ts";
import { slotOf } from "../step-graph.ts";
import type { StepState, TrainerState } from "../trainer.ts";
import { Mean } from "./average.ts";
import { type OuterStep, outerStep } from "./outer-step.ts";

/** The outer velocity is among the slots, so that it is saved as they are. */
const OUTER = "outer";

/** Brings together what shards have come to from one state. */
export class Merge {
  readonly #parameters = new Mean();
  readonly #statistics = new Mean();
  readonly #slots = new Mean();

  /** Adds what one shard has come to: shards in their order. */
  add({ parameters, statistics, slots }: StepState): void {
    this.#parameters.add(parameters);
    this.#statistics.add(statistics);
    this.#slots.add(slots);
  }

  /**
   * What all go on from.
   * @param before what they began with
   * @param held masks of connections that stay zero
   * @param steps that each has taken
   */
  result(before: TrainerState, held: Masks, outer: OuterStep, steps: number): TrainerState {
    const mean = this.#parameters.result();
    const { parameters, velocity } = outerStep(outer, before.parameters, mean, outerVelocity(before.slots), held);
    const own = Array.from(velocity, ([name, v]) => [slotOf(OUTER, name), v] as const);
    return {
      iteration: before.iteration + steps,
      parameters,
      statistics: this.#statistics.result(),
      slots: new Map([...this.#slots.result(), ...own]),
      masks: before.masks,
    };
  }
}

function outerVelocity(slots: Parameters): Parameters {
  const prefix = slotOf(OUTER, "");
  return new Map(
    [...slots].flatMap(([name, v]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), v] as const] : [])),
  );
}
