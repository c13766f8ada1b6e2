import { criteria } from "../pruning/criteria/index.ts";
import { pruningRounds } from "../pruning/recipe-rounds.ts";
import { curveChart } from "../report/curves.ts";
import type { Experiment, ExperimentResult } from "./experiment.ts";
import type { Lab } from "./lab.ts";

const NETWORK = "lenet-300-100";
const DENSITIES = [0.3, 0.2, 0.1, 0.05];
const EPOCHS = 4;

interface Point {
  readonly criterion: string;
  readonly density: number;
  /** Validation errors, percent. */
  readonly before: number;
  readonly after: number;
}

/** Prunes every layer to the same density by each criterion. */
async function compare(lab: Lab, names: readonly string[]): Promise<ExperimentResult> {
  const { model } = await lab.dense(NETWORK);
  const settings = names.flatMap((criterion) => DENSITIES.map((density) => ({ criterion, density })));
  const points = await lab.each(settings, async ({ criterion, density }): Promise<Point> => {
    const target = { kind: "density", layers: [["*", density]] } as const;
    const rounds = pruningRounds(target, 1, lab.retraining(NETWORK, EPOCHS), { criterion });
    const { results } = await lab.run(`criterion-${criterion}-${density}`, model, rounds);
    const [{ pruned = Number.NaN, validation }] = results;
    return { criterion, density, before: pruned, after: validation };
  });
  const chart = (of: (point: Point) => number) =>
    curveChart(
      points.map((point) => ({ series: point.criterion, x: 100 * point.density, y: of(point) })),
      {
        x: { label: "density of every layer, %", type: "log", reverse: true, tickFormat: "~r" },
        y: { label: "validation error, %" },
      },
    );
  const own = (criterion: string) => points.filter((point) => point.criterion === criterion);
  return {
    measured: { network: NETWORK, dense: await lab.validationError(model), points },
    table: [
      ["criterion", ...DENSITIES.flatMap((d) => [`${100 * d}%`, "retrained"])],
      ...names.map((name) => [
        name,
        ...own(name).flatMap(({ before, after }) => [`${before.toFixed(2)}%`, `${after.toFixed(2)}%`]),
      ]),
    ],
    figures: [
      { name: "before", caption: "Right after pruning.", picture: chart(({ before }) => before) },
      {
        name: "after",
        caption: `After ${lab.epochs(EPOCHS)} epochs of retraining.`,
        picture: chart(({ after }) => after),
      },
    ].map((figure) => ({
      ...figure,
      name: names.length > 3 ? `criteria-${figure.name}` : `probabilistic-${figure.name}`,
    })),
  };
}

/** Magnitude as a threshold against magnitude as a probability, with chance alone as the control. */
export const probabilistic: Experiment = {
  title: "Pruning by probability",
  claim: "Pruning at random, with a probability by the weight's magnitude, was tried and gave worse results.",
  run: (lab) => compare(lab, ["magnitude", "probabilistic", "random"]),
};

/** All criteria beside each other. */
export const criteriaCompared: Experiment = {
  title: "Criteria compared",
  claim: "Magnitude is all that is looked at; Optimal Brain Damage, which came before, looks at the loss's curvature.",
  run: (lab) => compare(lab, [...criteria.keys()]),
};
