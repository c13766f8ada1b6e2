import { Presets, SingleBar } from "cli-progress";
import type { Progress } from "../library/progress.ts";
import type { RoundResult, Verdict } from "../pruning/round.ts";
import type { RoundsLeft } from "../pruning/rounds.ts";
import { classify } from "../tasks/classify.ts";
import type { Measure } from "../tasks/measure.ts";
import { error } from "../tasks/measures/error.ts";
import { fidelityText, nameText, valueText } from "../tasks/words.ts";
import type { EpochResult, StepProgress as Steps } from "../training/epochs.ts";
import { bytes, count, duration, heard, isQuiet, isTerminal, note, rate, share, trialText } from "./print.ts";
import { Pulse } from "./pulse.ts";

/** Writes on stderr how work goes on. */
export function reporter(): { readonly report: (progress: Progress) => void; readonly stop: () => void } {
  let rounds: RoundsProgress | undefined;
  let measure: Measure = error;
  const pulse = new Pulse(() => rounds?.stop());
  return {
    report(progress) {
      if (progress.kind !== "work" && progress.kind !== "steps") pulse.clear();
      switch (progress.kind) {
        case "work":
          return pulse.work(progress.what, progress.done, progress.total);
        case "note":
          return note(progress.text);
        case "task":
          measure = progress.measure;
          // Most networks tell classes apart: only others are worth a line.
          if (progress.task !== classify().name) note(`The task is ${progress.task}, judged by ${nameText(measure)}.`);
          return;
        case "start":
          rounds = new RoundsProgress(progress, measure, pulse);
          return;
        case "steps":
          return rounds?.step(progress.round, progress.steps);
        case "epoch":
          return rounds ? rounds.epoch(progress) : note(epochText("epoch", progress, measure));
        case "round":
          return rounds?.round(progress.result, progress.left);
        case "layer":
          return note(
            `${progress.name}: ${progress.sensitivity ? pointsText(progress.sensitivity, measure) : "measured"}`,
          );
        case "pruning":
          return note(`${progress.trial.rate.toFixed(2)}x: ${trialText(progress.trial)}`);
        case "sharing":
          return note(sharingText(progress.trial, measure));
        case "rate":
          return note(rateText(progress.trial, progress.measure));
        case "curve":
          return note(curveText(progress.point, progress.measure));
      }
    },
    stop() {
      pulse.stop();
      rounds?.stop();
    },
  };
}

type Of<Kind extends Progress["kind"]> = Extract<Progress, { kind: Kind }>;

function epochText(
  name: string,
  { epoch, epochs }: { readonly epoch: EpochResult; readonly epochs: number },
  measure: Measure,
): string {
  return `${name} ${epoch.epoch}/${epochs}: loss ${epoch.loss.toFixed(4)}, ${validationText(measure, epoch.validation)}`;
}

function validationText(measure: Measure, value: number): string {
  return `validation ${nameText(measure)} ${valueText(measure, value)}`;
}

function pointsText({ points }: NonNullable<Of<"layer">["sensitivity"]>, measure: Measure): string {
  return points
    .map(({ density, value, retrained = value }) => `${share(density)} ${valueText(measure, retrained)}`)
    .join(", ");
}

function sharingText(trial: Of<"sharing">["trial"], measure: Measure): string {
  const size = `about ${bytes(trial.bytes)}`;
  if ("lambda" in trial) return `lambda ${trial.lambda.toPrecision(3)}, ${size}: ${trialText(trial)}`;
  const { before, after, accepted } = trial;
  return `${size}: ${validationText(measure, before)}, ${valueText(measure, after)} after training${accepted ? "" : ", too much"}`;
}

function rateText(
  { lambda, bytes: size, density, validation, accepted }: Of<"rate">["trial"],
  measure: Measure,
): string {
  return `lambda ${lambda.toPrecision(3)}: ${bytes(size)}, ${rate(1 / density)}, ${validationText(measure, validation)}${accepted ? "" : ", too much"}`;
}

function curveText(point: Of<"curve">["point"], { name }: Measure): string {
  const { bytes: size, cut, density, epochs, fidelity, accepted } = point;
  const kept = cut === 0 ? "" : ` with ${share(density)} of the weights`;
  const trained = epochs === 0 ? "" : ` after ${epochs} epochs of imitation`;
  return `about ${bytes(size)}${kept}: ${fidelityText(fidelity)} the same by ${name}${trained}${accepted ? "" : ", too little"}`;
}

/** Samples in a second: of few as many digits as say something. */
const speedText = (speed: number) => (speed < 10 ? speed.toPrecision(2) : count(speed));

/** What a search makes of a round. */
function verdictText({ best, accepted, within }: Verdict): string {
  if (best) return "";
  if (within) return ", within the limit but no smaller than the best";
  if (!accepted) return ", too much";
  return ", above the limit by no more than chance: the search goes on from it, and what it gives in the end is within";
}

/** Shows how rounds of training go on: a bar where stderr is a terminal, a line for each epoch where it is not. */
class RoundsProgress {
  readonly #plannedSteps: number | undefined;
  readonly #batch: number;
  readonly #measure: Measure;
  readonly #bar: SingleBar | undefined;
  readonly #pulse: Pulse;
  #doneSteps = 0;
  #rounds = 0;
  #startedAt = performance.now();
  #shownAt = 0;

  constructor({ epochs, stepsPerEpoch, batch }: Of<"start">, measure: Measure, pulse: Pulse) {
    this.#measure = measure;
    this.#pulse = pulse;
    this.#plannedSteps = epochs === undefined ? undefined : epochs * stepsPerEpoch;
    this.#batch = batch;
    if (isTerminal() && !isQuiet()) {
      const format = "{round} {bar} epoch {epoch}/{epochs} | loss {loss} | {speed} samples/s{left}";
      this.#bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
    }
  }

  /** After each run of steps. */
  step(round: string, progress: Steps): void {
    this.#doneSteps += progress.since;
    const now = performance.now();
    const last = progress.step === progress.steps;
    this.#pulse.steps(() => this.#stepText(round, progress));
    if (!this.#bar || (!last && now - this.#shownAt < 100)) return;
    this.#shownAt = now;
    const payload = { ...this.#facts(round, progress) };
    if (!this.#bar.isActive) this.#bar.start(progress.steps, progress.step, payload);
    this.#bar.update(progress.step, payload);
    heard();
  }

  /** After each epoch's validation. */
  epoch(progress: Of<"epoch">): void {
    this.#bar?.stop();
    const { speed, left } = this.#speed();
    note(`${epochText(progress.round, progress, this.#measure)}, ${speed} samples/s${left}`);
  }

  /** After each round. */
  round({ name, density, pruned, validation, bestEpoch, verdict }: RoundResult, left?: RoundsLeft): void {
    this.#rounds++;
    const cut = pruned === undefined ? "" : ` (${valueText(this.#measure, pruned)} before retraining)`;
    note(
      `${name}: ${rate(1 / density)}, ${validationText(this.#measure, validation)} in epoch ${bestEpoch}${cut}${verdictText(verdict)}${left ? this.#searchText(left) : ""}`,
    );
  }

  stop(): void {
    this.#bar?.stop();
  }

  #stepText(round: string, { epoch, epochs, step, steps, loss }: Steps): string {
    const { speed, left } = this.#speed();
    const share = ((100 * step) / steps).toFixed(0);
    return `${round} ${epoch}/${epochs}: ${share}% of the epoch, loss ${loss.toFixed(4)}, ${speed} samples/s${left}`;
  }

  /** How much longer a search is likely to take: as many rounds as may follow, each as long as those so far. */
  #searchText({ least, most }: RoundsLeft): string {
    if (most === 0) return "";
    const seconds = (performance.now() - this.#startedAt) / 1000 / this.#rounds;
    const time = (rounds: number) => duration(rounds * seconds);
    if (most === undefined) return `; the search takes ${least} more rounds or more, ${time(least)} at least`;
    if (least === most) return `; the search takes about ${least} more rounds, ${time(least)}`;
    return `; the search takes about ${least} to ${most} more rounds, ${time(least)} to ${time(most)}`;
  }

  #facts(round: string, { epoch, epochs, loss }: Steps) {
    return { round, epoch, epochs, loss: loss.toFixed(4), ...this.#speed() };
  }

  #speed(): { speed: string; left: string } {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const speed = speedText((this.#doneSteps * this.#batch) / seconds);
    if (this.#plannedSteps === undefined) return { speed, left: "" };
    const left = Math.max(0, this.#plannedSteps - this.#doneSteps) * (seconds / this.#doneSteps);
    return { speed, left: `, ${duration(left)} left` };
  }
}
