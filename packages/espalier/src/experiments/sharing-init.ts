import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { curveChart } from "../report/curves.ts";
import { initializations } from "../sharing/initialize.ts";
import type { Init } from "../sharing/kmeans.ts";
import { bitsFor, type Sharing } from "../sharing/share.ts";
import { denseOf } from "../sharing/shared.ts";
import type { Experiment, ExperimentResult } from "./experiment.ts";
import type { Lab } from "./lab.ts";

const NETWORK = "lenet-300-100";
const SEEDS = 3;
const BITS = [2, 3, 4, 5, 6, 7, 8];
const INITS: readonly Init[] = [...(Object.keys(initializations) as (keyof typeof initializations)[]), "optimal"];
const EPOCHS = 2;
/** The part of a layer's connections that count as its largest. */
const LARGEST = 0.01;

/** What one way to share does to a network. */
interface Measures {
  /** Validation errors before and after the values were trained, percent. */
  readonly before: number;
  readonly after: number;
  /** Squared error of the weights as a part of their squares: of all, and of the largest. */
  readonly error: number;
  readonly errorOfLargest: number;
}

/** Means over seeds, and the standard deviation of the last error. */
interface Point extends Measures {
  readonly init: Init;
  readonly bits: number;
  readonly deviation: number;
}

/** Section 3.2: where k-means begins. */
export const sharingInit: Experiment = {
  title: "Where k-means begins",
  claim:
    "Linear initialization does best at all numbers of bits but 3: large weights matter more than small ones, but are few, so that initialization by density, or by weights drawn at random, leaves few centroids near them.",
  async run(lab) {
    const seeds = lab.some(Array.from({ length: SEEDS }, (_, i) => lab.seed + i));
    const labs = seeds.map((seed) => lab.seeded(seed));
    const networks = await lab.each(labs, async (own) => ({ own, model: (await own.pruned(NETWORK)).model }));
    const points: Point[] = [];
    for (const bits of lab.some(BITS)) {
      for (const init of INITS) {
        const runs: Measures[] = [];
        for (const { own, model } of networks) runs.push(await measure(own, model, init, bits));
        points.push({ init, bits, ...means(runs) });
      }
    }
    const pruned = [];
    for (const { own, model } of networks) pruned.push(await own.validationError(model));
    const about = { network: NETWORK, seeds, pruned, epochs: lab.epochs(EPOCHS) };
    return outcome(points, about);
  },
};

function means(runs: readonly Measures[]): Measures & Pick<Point, "deviation"> {
  const mean = (of: (run: Measures) => number) => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  const after = mean((run) => run.after);
  return {
    before: mean((run) => run.before),
    after,
    deviation: Math.sqrt(mean((run) => (run.after - after) ** 2)),
    error: mean((run) => run.error),
    errorOfLargest: mean((run) => run.errorOfLargest),
  };
}

async function measure(lab: Lab, model: Model, init: Init, width: number): Promise<Measures> {
  const bits = bitsFor(model, [["*", width]]);
  const plan = { bits, init, epochs: lab.epochs(EPOCHS) };
  const { untrained, before, after } = await lab.shared(`sharing-${init}-${width}`, model, plan);
  return { before, after, ...weightErrors(model, untrained) };
}

/** What sharing does to the weights of all layers, and to the largest of each. */
function weightErrors(model: Model, sharing: Sharing): Pick<Measures, "error" | "errorOfLargest"> {
  const [all, largest] = [new ErrorSum(), new ErrorSum()];
  for (const [name, shared] of sharing) {
    const tensor = model.initializers.get(name);
    if (!isFloat32(tensor)) continue;
    const { data } = denseOf(shared);
    const live = tensor.data
      .filter((w) => w !== 0)
      .map(Math.abs)
      .sort();
    const limit = live[Math.floor((1 - LARGEST) * live.length)];
    tensor.data.forEach((w, i) => {
      all.add(w, data[i]);
      if (Math.abs(w) >= limit) largest.add(w, data[i]);
    });
  }
  return { error: all.part, errorOfLargest: largest.part };
}

/** Squared error as a part of the squares. */
class ErrorSum {
  #error = 0;
  #square = 0;

  add(w: number, shared: number): void {
    this.#error += (w - shared) ** 2;
    this.#square += w ** 2;
  }

  get part(): number {
    return this.#error / (this.#square || 1);
  }
}

function outcome(points: readonly Point[], about: { readonly epochs: number }): ExperimentResult {
  const widths = [...new Set(points.map(({ bits }) => bits))];
  const row = (name: string, init: Init, of: (point: Point) => string) => [
    `${init}: ${name}`,
    ...points.filter((point) => point.init === init).map(of),
  ];
  const rows = (name: string, of: (point: Point) => string) => INITS.map((init) => row(name, init, of));
  const chart = (label: string, of: (point: Point) => number) =>
    curveChart(
      points.map((point) => ({ series: point.init, x: point.bits, y: of(point) })),
      { x: { label: "bits of a code", ticks: widths.length }, y: { label, type: "log", tickFormat: "~r" } },
    );
  const part = (value: number) => `${(100 * value).toPrecision(2)}%`;
  return {
    measured: { ...about, points },
    table: [
      ["", ...widths.map((bits) => `${bits} bits`)],
      ...rows("validation error", ({ before }) => `${before.toFixed(2)}%`),
      ...rows("trained", ({ after, deviation }) => `${after.toFixed(2)}% ± ${deviation.toFixed(2)}`),
      ...rows("squared error of the weights", ({ error }) => part(error)),
      ...rows("of the largest 1%", ({ errorOfLargest }) => part(errorOfLargest)),
    ],
    figures: [
      {
        name: "sharing-init-before",
        caption: "Validation error right after sharing, mean over seeds.",
        picture: chart("validation error, %", ({ before }) => before),
      },
      {
        name: "sharing-init-after",
        caption: `Validation error after ${about.epochs} epochs in which the shared values were trained, mean over seeds.`,
        picture: chart("validation error, %", ({ after }) => after),
      },
      {
        name: "sharing-init-weights",
        caption:
          "Squared error of the largest 1% of each layer's weights, as a part of their squares, mean over seeds.",
        picture: chart("squared error of the largest 1%, %", ({ errorOfLargest }) => 100 * errorOfLargest),
      },
    ],
  };
}
