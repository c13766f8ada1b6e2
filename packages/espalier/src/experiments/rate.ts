import { contentsOf } from "espalier-runtime/codec";
import { encode } from "../coding/encode.ts";
import type { Model } from "../onnx/graph.ts";
import { countAll } from "../pruning/mask.ts";
import { removeDeadUnits } from "../pruning/units/remove.ts";
import { curveChart } from "../report/curves.ts";
import { rated } from "../sharing/rate/rated.ts";
import { trainAtPrice } from "../sharing/rate/train-at-price.ts";
import { taskFor } from "../tasks/index.ts";
import { Evaluator } from "../training/evaluate.ts";
import { learnedTensors, parametersOf, trainableParameters, withParameters } from "../training/parameters.ts";
import type { Experiment, Figure } from "./experiment.ts";
import type { Errors, Lab } from "./lab.ts";

/** A network that others have made small: percent, and bytes of its parameters. */
interface Published {
  readonly by: string;
  readonly testError: number;
  readonly bytes: number;
}

interface Setup {
  readonly network: string;
  readonly title: string;
  /** Epochs of the dense network, and of each that is trained for its code. */
  readonly epochs: { readonly dense: number; readonly rate: number };
  /** Prices of a bit. */
  readonly prices: readonly number[];
  readonly published: readonly Published[];
}

const SETUPS: readonly Setup[] = [
  {
    network: "lenet-300-100",
    title: "LeNet-300-100",
    epochs: { dense: 40, rate: 16 },
    prices: [4e-6, 8e-6, 1.6e-5],
    published: [
      { by: "Deep Compression", testError: 1.58, bytes: 27_000 },
      { by: "entropy-penalized reparameterization", testError: 1.9, bytes: 8_560 },
    ],
  },
  {
    network: "lenet-5",
    title: "LeNet-5",
    epochs: { dense: 25, rate: 16 },
    prices: [4e-6, 8e-6, 1.6e-5],
    published: [
      { by: "Deep Compression", testError: 0.74, bytes: 44_000 },
      { by: "entropy-penalized reparameterization", testError: 1, bytes: 2_840 },
      { by: "MIRACLE", testError: 0.83, bytes: 1_720 },
    ],
  },
];

/** Images move by a pixel, in both trainings. */
const AUGMENTATION = { shift: 1 };
const [BATCH, RATE, DISTILL] = [64, 0.01, 1];

/** A network that was trained at a price. */
interface Point extends Errors {
  readonly price: number;
  /** Of the whole file, and of its parameters alone. */
  readonly bytes: number;
  readonly parameterBytes: number;
  /** All parameters / those that are not zero. */
  readonly compressionRate: number;
}

/** Both LeNets, trained for their code at several prices of a bit. */
export const rate: Experiment = {
  title: "Trained for their code: error against bytes",
  claim:
    "Entropy-penalized reparameterization brings LeNet-300-100 to 8.56 kB at an error of 1.9%, and LeNet-5 to 2.84 kB at 1.0%; MIRACLE brings LeNet-5 to 1.72 kB at 0.83%, all of them counting parameters alone.",
  async run(lab) {
    const networks = [];
    const figures: Figure[] = [];
    const rows = [];
    for (const setup of lab.quick ? SETUPS.slice(0, 1) : SETUPS) {
      const dense = await denseOf(lab, setup);
      const errors = await lab.errors(dense);
      const points: Point[] = [];
      for (const price of lab.some(setup.prices)) points.push(await pointOf(lab, setup, dense, price));
      networks.push({ network: setup.network, dense: errors, points });
      figures.push(figureOf(setup, points));
      rows.push([setup.title, "dense", "", "", "1.0x", percent(errors.validationError), percent(errors.testError)]);
      for (const { price, bytes, parameterBytes, compressionRate, validationError, testError } of points) {
        const sizes = [bytes, parameterBytes, `${compressionRate.toFixed(1)}x`];
        rows.push([setup.title, price.toPrecision(2), ...sizes, percent(validationError), percent(testError)]);
      }
    }
    return {
      measured: { networks },
      table: [
        ["network", "price of a bit", "bytes", "of parameters", "kept", "validation error", "test error"],
        ...rows,
      ],
      figures,
    };
  },
};

async function denseOf(lab: Lab, { network, epochs }: Setup): Promise<Model> {
  const { train, batch } = lab.recipe(network);
  const round = { ...train, epochs: lab.epochs(epochs.dense), augmentation: AUGMENTATION };
  return (await lab.run(`rate-${network}-dense`, lab.untrained(network), [round], batch)).model;
}

async function pointOf(lab: Lab, setup: Setup, dense: Model, price: number): Promise<Point> {
  const model = await trained(lab, setup, dense, price);
  const { model: lean } = await removeDeadUnits(lab.engine, model);
  const [coded] = [encode(model), encode(lean)].sort((a, b) => a.length - b.length);
  const parameterBytes = contentsOf(coded).tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const { parameters, nonzero } = countAll(parametersOf(model, trainableParameters(model)));
  const compressionRate = parameters / Math.max(1, nonzero);
  return { price, bytes: coded.length, parameterBytes, compressionRate, ...(await lab.errors(model)) };
}

/** Trains a network from the dense one at a price of a bit, unless that was done. */
async function trained(lab: Lab, { network, epochs: { rate } }: Setup, dense: Model, price: number): Promise<Model> {
  const { engine, data, seed, quick } = lab;
  const [name, epochs] = [`rate-${network}-${price}`, lab.epochs(rate)];
  const settings = JSON.stringify({ seed, quick, epochs, price });
  const known = lab.kept(name, settings);
  if (known) return known;
  const codes = rated(dense);
  const task = taskFor(data);
  const evaluator = await Evaluator.create(engine, codes.plain, data, learnedTensors(codes.plain), { task });
  try {
    const { best } = await lab.during(name, ({ signal, onWork }) =>
      trainAtPrice(engine, codes, data, task, evaluator, {
        price: { from: 0, to: price },
        training: {
          epochs,
          batch: BATCH,
          seed,
          rate: RATE,
          augmentation: AUGMENTATION,
          distillation: { teacher: dense, weight: DISTILL },
        },
        signal,
        onProgress: ({ epoch, step, steps }) => onWork?.(name, (epoch - 1) * steps + step, epochs * steps),
      }),
    );
    const model = withParameters(dense, codes.parametersOf(best?.parameters ?? new Map()));
    lab.keep(name, settings, model);
    return model;
  } finally {
    await evaluator.release();
  }
}

function figureOf({ network, title, published }: Setup, points: readonly Point[]): Figure {
  const own = (series: string, of: (point: Point) => number) =>
    points.map((point) => ({ series, x: of(point), y: point.testError }));
  const others = published.map(({ by, bytes, testError }) => ({ series: by, x: bytes, y: testError }));
  return {
    name: `rate-${network}`,
    caption: `${title}: test error against bytes; of other methods, parameters alone but for Deep Compression.`,
    picture: curveChart(
      [
        ...own("trained for its code, whole file", ({ bytes }) => bytes),
        ...own("the same, parameters alone", ({ parameterBytes }) => parameterBytes),
        ...others,
      ],
      { x: { label: "bytes", type: "log", tickFormat: "~s" }, y: { label: "test error, %" } },
    ),
  };
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}
