import { settingText } from "../../report/settings.ts";
import type { Point } from "./expand.ts";

/** "prune, rate 4, seed 2": which of the jobs it is. */
export function pointText({ stage, settings, seed }: Point): string {
  const own = Object.entries(settings).map(([name, value]) => {
    const short = name.startsWith(`${stage}.`) ? name.slice(stage.length + 1) : name;
    return `${short} ${settingText(value)}`;
  });
  return [stage, ...own, `seed ${seed}`].join(", ");
}
