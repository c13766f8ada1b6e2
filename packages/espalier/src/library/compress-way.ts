import { OptionsError } from "../options-error.ts";
import type { CompressOptions } from "./compress.ts";
import { rateTrainingOptions, shareByRateOptions } from "./options/rate.ts";
import { shareOptions, shareUnlabeledOptions } from "./options/sharing.ts";
import { taskOptions } from "./options/task.ts";
import { shareWithinOptions } from "./share-within.ts";

/**
 * How weights are made small: left as they are; rounded without inputs; rounded within a loss; fitted without labels;
 * trained for their code; or with a codebook for each tensor.
 */
export type CompressWay = "lossless" | "guess" | "within" | "unlabeled" | "rate" | "codebooks";

const ALL = { ...taskOptions, ...shareOptions, ...rateTrainingOptions };

type Name = Extract<keyof CompressOptions, keyof typeof ALL>;

const NAMES = Object.keys(ALL).filter(isName);

function isName(name: string): name is Name {
  return name in ALL;
}

/** Options about how values are chosen and trained: where none is given, scales by output unit are. */
const OF_CODEBOOKS = [
  "method",
  "init",
  "lambda",
  "learningRate",
  "distill",
  "task",
  "output",
] as const satisfies readonly Name[];

/**
 * The way that options ask for.
 * @throws OptionsError for an option that has no part in it
 */
export function compressWay(given: CompressOptions, hasData: boolean): CompressWay {
  const isGiven = (name: Name) => given[name] !== undefined;
  checkMode(given);
  if (given.unlabeled && given.trainRate) {
    throw new OptionsError((o) => `${o("trainRate")} trains, and ${o("unlabeled")} does not: give one of them.`);
  }
  if (given.unlabeled) {
    checkUnlabeled(isGiven, hasData);
    return "unlabeled";
  }
  if (given.trainRate) {
    checkRate(given, isGiven, hasData);
    return "rate";
  }
  const ofRate = NAMES.find((name) => isGiven(name) && name in rateTrainingOptions);
  if (ofRate !== undefined) {
    throw new OptionsError((o) => `${o(ofRate)} is about ${o("trainRate")}: give both, or neither.`);
  }
  if (!isGiven("bits") && !isGiven("maxLoss") && !isGiven("lambda")) {
    const idle = hasData ? "data" : NAMES.find(isGiven);
    if (idle === undefined) return "lossless";
    throw new OptionsError(
      (o) => `${o(idle)} is about sharing, which nothing asks for: give ${o("bits")} or ${o("maxLoss")} too.`,
    );
  }
  const asksForCodebooks =
    given.format === "gather" || OF_CODEBOOKS.some(isGiven) || (isGiven("bits") && (hasData || isGiven("maxLoss")));
  if (asksForCodebooks) return "codebooks";
  const way = hasData ? "within" : "guess";
  const idle = NAMES.find((name) => isGiven(name) && !takes(way, name, isGiven));
  if (idle === undefined) return way;
  throw new OptionsError((o) => {
    if (idle === "biasBits") return `${o(idle)} goes with ${o("bits")}: give both, or neither.`;
    return way === "within"
      ? `Within a loss, ${o(idle)} has no part in how weights are rounded: leave it out, or choose values by ${o("method")}.`
      : `Without ${o("data")}, weights are rounded by themselves, and ${o(idle)} has no part in it: leave it out, or give ${o("data")}.`;
  });
}

function takes(way: "within" | "guess", name: Name, isGiven: (name: Name) => boolean): boolean {
  if (way === "within") return name in shareWithinOptions;
  return isGiven("bits") ? name === "bits" || name === "biasBits" : name === "maxLoss";
}

/** @throws OptionsError for what `trainRate` does not go with */
function checkRate({ format }: CompressOptions, isGiven: (name: Name) => boolean, hasData: boolean): void {
  if (!hasData) throw new OptionsError((o) => `${o("trainRate")} trains the network: give ${o("data")}.`);
  if (format === "gather") {
    throw new OptionsError((o) => `${o("trainRate")} makes no codebooks to gather from: take another ${o("format")}.`);
  }
  const idle = NAMES.find((name) => isGiven(name) && !(name in shareByRateOptions));
  if (idle === undefined) return;
  throw new OptionsError((o) => `${o("trainRate")} chooses values and bits by itself: leave out ${o(idle)}.`);
}

/** @throws OptionsError for what `unlabeled` does not go with */
function checkUnlabeled(isGiven: (name: Name) => boolean, hasData: boolean): void {
  if (!hasData) {
    throw new OptionsError((o) => `${o("unlabeled")} looks at what layers compute on some samples: give ${o("data")}.`);
  }
  const idle = NAMES.find((name) => isGiven(name) && !(name in shareUnlabeledOptions) && !(name in taskOptions));
  if (idle === undefined) return;
  throw new OptionsError(
    (o) => `${o("unlabeled")} trains nothing and chooses values and bits by itself: leave out ${o(idle)}.`,
  );
}

/** @throws OptionsError for a way of coding where no .esp is written */
function checkMode({ mode, format = "esp" }: CompressOptions): void {
  if (mode === undefined || format === "esp") return;
  throw new OptionsError((o) => `${o("mode")} is how an .esp is coded, and ${o("format")} is ${format}: leave it out.`);
}
