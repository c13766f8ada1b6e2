import type { Measure, Progress } from "espalier";
import type { Sensitivity, Told } from "../told.ts";

/** Turns what the library tells into what the page shows, with the part of the work that is done. */
export function teller(tell: (told: Told) => void): (progress: Progress) => void {
  let measure: Measure | undefined;
  /** Epochs of all rounds together, where that is known, and those that are done. */
  let [total, done]: [number | undefined, number] = [undefined, 0];
  return (progress) => {
    switch (progress.kind) {
      case "note":
        return tell(progress);
      case "task":
        measure = progress.measure;
        return;
      case "start":
        [total, done] = [progress.epochs, 0];
        return;
      case "steps": {
        const { epoch, epochs, step, steps } = progress.steps;
        const part = total === undefined ? undefined : (done + step / steps) / total;
        return tell({ kind: "work", what: `Round ${progress.round}, epoch ${epoch} of ${epochs}`, part });
      }
      case "epoch": {
        done++;
        const { epoch, loss, validation: value } = progress.epoch;
        const { name = "", unit = "" } = measure ?? {};
        return tell({ kind: "epoch", round: progress.round, epoch, loss, value, measure: name, unit });
      }
      case "round": {
        const { name: round, density, validation: value } = progress.result;
        return tell({ kind: "round", round, density, value });
      }
      case "work":
        return tell({ kind: "work", what: progress.what, part: partOf(progress) });
      case "curve":
        return tell({ kind: "curve", point: progress.point, measure: progress.measure.name });
      case "layer":
        if (progress.sensitivity) tell({ kind: "layer", curve: curveOf(progress.sensitivity, measure) });
        return;
      case "pruning": {
        const { rate, accepted } = progress.trial;
        return tell({
          kind: "note",
          text: `${rate.toFixed(1)}x was tried: ${accepted ? "within the loss" : "too much lost"}.`,
        });
      }
      case "sharing":
      case "rate":
        return;
    }
  };
}

const partOf = ({ done, total }: Extract<Progress, { kind: "work" }>) =>
  total === undefined || total === 0 ? undefined : done / total;

type Scanned = NonNullable<Extract<Progress, { kind: "layer" }>["sensitivity"]>;

function curveOf({ name, weights, points }: Scanned, measure: Measure | undefined): Sensitivity {
  return {
    layer: name,
    weights,
    measure: measure?.name ?? "",
    unit: measure?.unit ?? "",
    points: points.map(({ density, value }) => ({ density, value })),
  };
}
