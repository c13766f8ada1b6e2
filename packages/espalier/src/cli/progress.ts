import { Presets, SingleBar } from "cli-progress";
import type { Round, RoundResult } from "../pruning/round.ts";
import type { Progress } from "../training/train.ts";
import { duration, note, percent, rate } from "./print.ts";

/** Shows how rounds of training go on: a bar where stderr is a terminal, a line for each epoch where it is not. */
export class RunProgress {
  readonly #plannedSteps: number | undefined;
  readonly #batch: number;
  readonly #bar: SingleBar | undefined;
  #doneSteps = 0;
  #startedAt = performance.now();
  #shownAt = 0;

  /** @param epochs epochs planned in all rounds together, less those done before a resume; unknown for a search */
  constructor(epochs: number | undefined, stepsPerEpoch: number, batch: number) {
    this.#plannedSteps = epochs === undefined ? undefined : epochs * stepsPerEpoch;
    this.#batch = batch;
    if (process.stderr.isTTY) {
      const format = "{round} {bar} epoch {epoch}/{epochs} | loss {loss} | {speed} images/s{left}";
      this.#bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
    }
  }

  /** After each run of steps. */
  step(round: Round, progress: Progress): void {
    this.#doneSteps += progress.since;
    const now = performance.now();
    const last = progress.step === progress.steps;
    if (!last && (!this.#bar || now - this.#shownAt < 100)) return;
    this.#shownAt = now;
    const payload = { ...this.#facts(round.name, progress) };
    if (this.#bar && !this.#bar.isActive) this.#bar.start(progress.steps, progress.step, payload);
    this.#bar?.update(progress.step, payload);
  }

  /** After each epoch's validation. */
  epoch(round: string, result: { epoch: number; loss: number; validationError: number }, epochs: number): void {
    this.#bar?.stop();
    const { speed, left } = this.#speed();
    note(
      `${round} ${result.epoch}/${epochs}: loss ${result.loss.toFixed(4)}, validation error ${percent(result.validationError)}, ${speed} images/s${left}`,
    );
  }

  /** After each round. */
  round({ name, density, prunedError, validationError, bestEpoch, verdict }: RoundResult): void {
    const cut = prunedError === undefined ? "" : ` (${percent(prunedError)} before retraining)`;
    const judged = verdict.best ? "" : verdict.accepted ? ", above the limit but within chance" : ", too much";
    note(
      `${name}: ${rate(1 / density)}, validation error ${percent(validationError)} in epoch ${bestEpoch}${cut}${judged}`,
    );
  }

  stop(): void {
    this.#bar?.stop();
  }

  #facts(round: string, { epoch, epochs, loss }: Progress) {
    return { round, epoch, epochs, loss: loss.toFixed(4), ...this.#speed() };
  }

  #speed(): { speed: string; left: string } {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const speed = Math.round((this.#doneSteps * this.#batch) / seconds).toLocaleString("en-US");
    if (this.#plannedSteps === undefined) return { speed, left: "" };
    const left = Math.max(0, this.#plannedSteps - this.#doneSteps) * (seconds / this.#doneSteps);
    return { speed, left: `, ${duration(left)} left` };
  }
}
