import type { Progress } from "../../library/progress.ts";
import { duration, isSilent } from "../print.ts";
import type { Point } from "./expand.ts";
import type { RunOptions } from "./run-points.ts";
import { pointText } from "./words.ts";

/** Tells how the jobs of a sweep go on. */
export function teller(
  total: number,
  onProgress: (progress: Progress) => void,
): Pick<RunOptions, "onOutcome" | "onTry" | "onTold"> {
  const startedAt = performance.now();
  let done = 0;
  const say = (text: string) => {
    onProgress({ kind: "note", text });
    onProgress({ kind: "work", what: `${total} jobs`, done, total });
  };
  const seconds = () => duration((performance.now() - startedAt) / 1000);
  return {
    onOutcome(outcome) {
      done++;
      const what = "record" in outcome ? (outcome.isKnown ? "was done before" : "done") : `failed: ${outcome.failed}`;
      say(`${done}/${total} ${pointText(outcome.point)}: ${what} (${seconds()})`);
    },
    onTry(point, why, isLast) {
      if (!isLast) say(`${pointText(point)}: ${why} It is tried again.`);
    },
    onTold(point: Point, text: string) {
      if (isSilent()) say(`${pointText(point)}: ${text}`);
    },
  };
}
