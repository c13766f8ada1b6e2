import { z } from "zod";
import type { Measure } from "../tasks/measure.ts";
import { nameText, valueText } from "../tasks/words.ts";

type Judged = Pick<Measure, "name" | "unit">;
/** What one setting, or several that belong together, are in words; undefined where they ask for nothing. */
type Told = readonly [name: string, text: string] | undefined;

/** Takes settings as they are in a result, and says those that it knows. */
interface Teller {
  readonly names: readonly string[];
  tell(settings: Readonly<Record<string, unknown>>, measure: Judged): Told;
}

/** Says settings whose values are as a schema expects. */
function teller<Shape extends z.ZodRawShape>(
  shape: Shape,
  tell: (settings: z.output<z.ZodObject<Shape>>, measure: Judged) => Told,
): Teller {
  const schema = z.object(shape);
  return {
    names: Object.keys(shape),
    tell(settings, measure) {
      const parsed = schema.safeParse(settings);
      return parsed.success ? tell(parsed.data, measure) : undefined;
    },
  };
}

const number = z.number();
const flag = z.boolean().optional();
const own = z.literal("own");
const perLayer = z.array(z.tuple([z.string(), number]));

const aim = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("rate"), rate: number }),
  z.object({ kind: z.literal("density"), layers: perLayer }),
  z.object({ kind: z.literal("quality"), layers: perLayer }),
]);

const policy = z.discriminatedUnion("policy", [
  z.object({ policy: z.literal("constant"), rate: number }),
  z.object({ policy: z.literal("step"), rate: number, gamma: number, every: number }),
  z.object({ policy: z.literal("inv"), rate: number, gamma: number, power: number }),
  z.object({ policy: z.enum(["exponential", "cosine"]), rate: number, final: number }),
]);

const optimizer = z.discriminatedUnion("name", [
  z.object({ name: z.literal("sgd"), momentum: number, nesterov: flag }),
  z.object({ name: z.literal("adam"), relative: flag }),
  z.object({ name: z.literal("adamw"), decay: number }),
]);

/** In the order in which they are told. */
const TELLERS: readonly Teller[] = [
  teller({ kind: z.literal("search"), maxLoss: number.optional(), rate: number.optional() }, (asked, measure) => [
    "How far",
    searched(asked, measure),
  ]),
  teller(
    {
      kind: z.literal("units"),
      speed: number.optional(),
      rate: number.optional(),
      maxLoss: number.optional(),
      cost: z.string(),
      on: z.string().optional(),
      speedBatch: number.optional(),
    },
    (given, measure) => ["How far", unitsText(given, measure)],
  ),
  teller({ kind: z.literal("masks") }, () => ["How far", "what is zero in another network is cut"]),
  teller({ kind: z.literal("rounds"), target: aim }, ({ target }) => ["How far", targetText(target)]),
  teller({ rounds: number, epochs: number }, ({ rounds, epochs }) => [
    "Rounds",
    `${counted(rounds, "round")}, each retrained for ${counted(epochs, "epoch")}`,
  ]),
  teller({ epochs: number }, ({ epochs }) => ["Retraining", `${counted(epochs, "epoch")} in each round`]),
  teller({ criterion: z.string() }, ({ criterion }) => ["Criterion", criterion.replaceAll("-", " ")]),
  teller({ gradual: flag, splicing: flag }, ({ gradual, splicing }) =>
    gradual
      ? [
          "Schedule",
          splicing ? "gradual; connections that were cut may come back" : "gradual, little by little while retraining",
        ]
      : undefined,
  ),
  teller({ inTurn: z.array(z.string()) }, ({ inTurn }) => ["In turn", inTurn.join(", then ")]),
  teller({ optimizer: z.union([own, optimizer]) }, ({ optimizer }) => ["Optimizer", optimizerText(optimizer)]),
  teller({ learningRate: policy }, ({ learningRate }) => ["Learning rate", policyText(learningRate)]),
  teller({ batch: number }, ({ batch }) => ["Batch", counted(batch, "sample")]),
  teller({ l1: number, l2: number }, ({ l1, l2 }) => {
    const given = Object.entries({ L1: l1, L2: l2 }).filter(([, value]) => value > 0);
    return ["Regularization", given.map(([name, value]) => `${name} ${value}`).join(", ") || "none"];
  }),
  teller({ loss: z.string() }, ({ loss }) => ["Loss", loss === "own" ? "one of the user's" : loss]),
  teller({ inputDropout: number }, ({ inputDropout }) =>
    inputDropout > 0 ? ["Dropout of the inputs", `${100 * inputDropout}%`] : undefined,
  ),
  teller({ clipping: z.object({ norm: number.optional(), value: number.optional() }) }, ({ clipping }) => [
    "Clipping",
    Object.entries(clipping)
      .map(([name, most]) => `the gradient's ${name === "norm" ? "norm" : "values"} to ${most}`)
      .join(", "),
  ]),
  teller({ augmentation: z.object({ shift: number, flip: z.boolean() }) }, ({ augmentation: { shift, flip } }) => [
    "Augmentation",
    [...(shift > 0 ? [`moved by up to ${counted(shift, "pixel")}`] : []), ...(flip ? ["mirrored at random"] : [])].join(
      ", ",
    ),
  ]),
  teller({ freeze: z.array(z.string()) }, ({ freeze }) => ["Frozen", freeze.join(", ")]),
  teller({ batchNorm: z.string() }, ({ batchNorm }) => [
    "BatchNormalization",
    batchNorm === "frozen" ? "with its own statistics" : "with each batch's statistics",
  ]),
  teller({ patience: number }, ({ patience }) => [
    "Patience",
    `a round ends ${counted(patience, "epoch")} after its best`,
  ]),
  teller(
    { local: z.object({ shards: number, localSteps: number, outer: z.object({ momentum: number, rate: number }) }) },
    ({ local: { shards, localSteps, outer } }) => [
      "Shards",
      `${shards}, of which the mean is taken every ${counted(localSteps, "step")}${outerText(outer)}`,
    ],
  ),
  teller({ seed: number }, ({ seed }) => ["Seed", String(seed)]),
];

/**
 * What a run was asked, in words.
 * @param settings as plain data; those that nobody has words for are told by their names
 */
export function asked(settings: Readonly<Record<string, unknown>>, measure: Judged): [name: string, text: string][] {
  const left = new Map(Object.entries(settings).filter(([, value]) => value !== undefined));
  const all: [string, string][] = [];
  for (const { names, tell } of TELLERS) {
    if (!names.some((name) => left.has(name))) continue;
    const told = tell(Object.fromEntries(left), measure);
    if (!told && names.some((name) => isAsked(left.get(name)))) continue;
    if (told) all.push([...told]);
    for (const name of names) left.delete(name);
  }
  for (const [name, value] of left) {
    all.push([`${name[0].toUpperCase()}${name.slice(1)}`, typeof value === "string" ? value : JSON.stringify(value)]);
  }
  return all;
}

const isAsked = (value: unknown) => value !== undefined && value !== false && value !== 0;

const counted = (count: number, what: string) => `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;

function searched({ maxLoss, rate }: { maxLoss?: number; rate?: number }, measure: Judged): string {
  const reached = rate === undefined ? undefined : `${rate}x smaller`;
  if (maxLoss === undefined) return `${reached ?? "as far as it goes"}, found by a search`;
  const points = measure.unit === "%" ? counted(maxLoss, "point") : valueText(measure, maxLoss);
  const within = `the smallest network whose validation ${nameText(measure)} is worse by ${points} at most`;
  return reached === undefined ? within : `${within}, up to ${reached}`;
}

const WEIGHED: Readonly<Record<string, string>> = {
  macs: "the operations that they take",
  bytes: "the bytes that they take",
  time: "the time that they take",
};

function unitsText(
  given: { speed?: number; rate?: number; maxLoss?: number; cost: string; on?: string; speedBatch?: number },
  measure: Judged,
): string {
  const { speed, rate, maxLoss, cost, on, speedBatch } = given;
  const how = `whole units, weighed against ${WEIGHED[cost] ?? cost}`;
  const reached =
    speed === undefined
      ? rate && `${rate}x smaller`
      : `${speed}x as fast in ${on ?? "this runtime"} at batch ${speedBatch ?? 1}`;
  if (maxLoss === undefined) return `${how}: ${reached}`;
  const points = measure.unit === "%" ? counted(maxLoss, "point") : valueText(measure, maxLoss);
  const within = `the validation ${nameText(measure)} worse by ${points} at most`;
  return `${how}: ${reached ? `up to ${reached}, ` : "as few as can be, "}${within}`;
}

function targetText(target: z.output<typeof aim>): string {
  if (target.kind === "rate") return `${target.rate}x smaller`;
  const each = (text: (value: number) => string) =>
    target.layers.map(([layer, value]) => `${layer}: ${text(value)}`).join(", ");
  if (target.kind === "density")
    return `weights kept of ${each((density) => `${Number((100 * density).toPrecision(6))}%`)}`;
  return `weights cut below ${each((s) => `${s} standard deviations`)}`;
}

function policyText(given: z.output<typeof policy>): string {
  switch (given.policy) {
    case "constant":
      return `${given.rate}, constant`;
    case "step":
      return `${given.rate}, times ${given.gamma} every ${counted(given.every, "epoch")}`;
    case "inv":
      return `${given.rate} (1 + ${given.gamma} iteration)^-${given.power}`;
    default:
      return `from ${given.rate} to ${given.final}, ${given.policy === "cosine" ? "by a cosine" : "exponentially"}`;
  }
}

function outerText({ momentum, rate }: { momentum: number; rate: number }): string {
  const parts = [...(momentum > 0 ? [`momentum ${momentum}`] : []), ...(rate === 1 ? [] : [`rate ${rate}`])];
  return parts.length > 0 ? `, with an outer ${parts.join(" and ")}` : "";
}

function optimizerText(given: "own" | z.output<typeof optimizer>): string {
  if (given === "own") return "one of the user's";
  switch (given.name) {
    case "sgd":
      return `SGD with ${given.nesterov ? "Nesterov's " : ""}momentum ${given.momentum}`;
    case "adam":
      return given.relative ? "Adam, in steps of a part of each parameter's size" : "Adam";
    case "adamw":
      return `AdamW with a decay of ${given.decay}`;
  }
}
