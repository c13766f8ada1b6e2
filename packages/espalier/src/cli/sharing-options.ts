import { type Command, InvalidArgumentError, Option } from "commander";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { sharingOf } from "../sharing/distinct.ts";
import { importanceOf } from "../sharing/importance.ts";
import { initializations } from "../sharing/initialize.ts";
import type { Init } from "../sharing/kmeans.ts";
import { DEFAULT_LAMBDA, type MethodName, methods } from "../sharing/methods.ts";
import { shareUnlabeled } from "../sharing/reconstruction/search.ts";
import { type RetrainOptions, retrain, type SharedNetwork } from "../sharing/retrain.ts";
import { searchSharing } from "../sharing/search.ts";
import { bitsFor, share, withShared } from "../sharing/share.ts";
import { MOST_BITS } from "../sharing/shared.ts";
import type { Agreement } from "../training/agreement.ts";
import { evaluate } from "../training/evaluate.ts";
import { withParameters } from "../training/parameters.ts";
import { number, perLayer, whole } from "./options.ts";
import { bytes, note, percent, trialText } from "./print.ts";

/** The flags that ask for weights to be shared. */
export interface SharingFlags {
  bits?: [string, number][];
  biasBits?: number;
  maxLoss?: number;
  unlabeled?: boolean;
  data?: string;
  method?: MethodName;
  init?: Init;
  lambda?: number;
  epochs?: number;
  learningRate?: number;
  batch: number;
  seed: number;
}

/** How a network was shared. */
export interface Shared extends Pick<SharedNetwork, "model" | "sharing"> {
  /** Validation errors right after sharing and after the values were trained, percent; where there was data. */
  readonly before?: number;
  readonly after?: number;
  /** With the network as it came, on the validation split; of sharing without labels. */
  readonly agreement?: Agreement;
}

const EPOCHS = 3;
const LEARNING_RATE = 0.001;

/** Adds the options of sharing. */
export function withSharing(command: Command): Command {
  return command
    .option("--bits <list>", "share weights: bits for all layers, or LAYER=BITS,... by name or glob", bitList)
    .option("--bias-bits <n>", "share the biases of those layers too", whole("number of bits", 1, MOST_BITS))
    .option(
      "--max-loss <points>",
      "share as much as leaves the validation error at most so much above the model's (needs --data)",
      number("loss of accuracy", 0, 100),
    )
    .option(
      "--unlabeled",
      "without labels and without training: share each layer so that its outputs stay what they were (needs --data)",
    )
    .addOption(new Option("--method <name>", "how values are chosen (default: kmeans)").choices(Object.keys(methods)))
    .addOption(
      new Option("--init <name>", "where k-means begins (default: linear)").choices([
        ...Object.keys(initializations),
        "optimal",
      ]),
    )
    .option(
      "--lambda <x>",
      `of the method entropy: what a bit may cost, in mean squares of the weights (default: ${DEFAULT_LAMBDA}); with --unlabeled: what a bit more for every weight may cost in divergence of the outputs`,
      number("lambda", 0),
    )
    .option("--epochs <n>", `epochs in which the values are trained (default: ${EPOCHS})`, whole("number of epochs", 0))
    .option(
      "--learning-rate <x>",
      `first learning rate of Adam (default: ${LEARNING_RATE})`,
      number("learning rate", Number.MIN_VALUE),
    )
    .option("--batch <n>", "samples in a batch", whole("batch size", 1, 65_536), 64)
    .option("--seed <n>", "the seed of all randomness", whole("seed", 0), 1);
}

/** A parser of "5" for all layers, or "conv*=8,fc*=5". */
function bitList(text: string): (readonly [string, number])[] {
  const bits = text.includes("=") ? perLayer(text) : ([["*", Number(text)]] as const);
  for (const [, own] of bits) {
    if (!(Number.isInteger(own) && own >= 1 && own <= MOST_BITS))
      throw new InvalidArgumentError(`Bits are whole numbers from 1 to ${MOST_BITS}.`);
  }
  return [...bits];
}

/**
 * Says whether the flags ask for sharing.
 * @throws UserError when they ask for two things, or for what does not go together
 */
export function asksForSharing(flags: SharingFlags): boolean {
  const { bits, maxLoss, lambda, method = "kmeans", init, data } = flags;
  if (flags.unlabeled) return checkUnlabeled(flags);
  if (bits && maxLoss !== undefined)
    throw new UserError("--bits says how to share and --max-loss finds it out: give one of them.");
  if (lambda !== undefined && method !== "entropy")
    throw new UserError("--lambda is what --method entropy weighs bits by: give both, or neither.");
  if (lambda !== undefined && maxLoss !== undefined)
    throw new UserError("--max-loss finds the lambda of each layer by itself: leave out --lambda.");
  if (init !== undefined && method === "uniform")
    throw new UserError("--init is for k-means: leave it out with --method uniform.");
  if (data === undefined && (maxLoss ?? flags.epochs ?? flags.learningRate) !== undefined)
    throw new UserError("--max-loss, --epochs and --learning-rate are about training the shared values: give --data.");
  if (bits || maxLoss !== undefined || lambda !== undefined) return true;
  const idle = (["method", "init", "biasBits", "data"] as const).find((name) => flags[name] !== undefined);
  if (idle === undefined) return false;
  const name = idle === "biasBits" ? "bias-bits" : idle;
  throw new UserError(`--${name} is about sharing, which nothing asks for: give --bits or --max-loss too.`);
}

/** @throws UserError for options that mean nothing without labels */
function checkUnlabeled(flags: SharingFlags): true {
  const { data, lambda, maxLoss, bits, method, init, epochs, learningRate } = flags;
  if (data === undefined) throw new UserError("--unlabeled looks at what layers compute on some samples: give --data.");
  if (lambda !== undefined && maxLoss !== undefined)
    throw new UserError("--max-loss finds the price of a bit by itself: leave out --lambda.");
  const idle = { bits, method, init, epochs, "learning-rate": learningRate };
  const given = Object.entries(idle).find(([, value]) => value !== undefined);
  if (given)
    throw new UserError(`--unlabeled trains nothing and chooses values and bits by itself: leave out --${given[0]}.`);
  return true;
}

/** Shares a network's weights as the flags ask. */
export async function shareBy(
  flags: SharingFlags,
  engine: Engine,
  model: Model,
  data: Dataset | undefined,
  signal: AbortSignal,
): Promise<Shared> {
  const { bits = [["*", MOST_BITS]], biasBits, maxLoss, seed, batch, method, init, lambda } = flags;
  if (flags.unlabeled && data) return shareUnlabeledBy(flags, engine, model, data, signal);
  const how = { method, init, lambda, seed };
  const training: RetrainOptions = {
    seed,
    batch,
    signal,
    epochs: flags.epochs ?? EPOCHS,
    learningRate: rateFrom(flags.learningRate ?? LEARNING_RATE),
  };
  if (!data) {
    const sharing = share(model, bitsFor(model, bits, biasBits), how);
    return { model: withShared(model, sharing), sharing };
  }
  if (maxLoss === undefined) {
    const own = bitsFor(model, bits, biasBits);
    const importance =
      method === "entropy" ? await importanceOf(engine, model, data, [...own.keys()], { batch, seed }) : undefined;
    const sharing = share(model, own, { ...how, importance });
    return retrain(engine, model, sharing, data, {
      ...training,
      onEpoch: ({ epoch, loss, validationError }) =>
        note(
          `epoch ${epoch}/${training.epochs}: loss ${loss.toFixed(4)}, validation error ${percent(validationError)}`,
        ),
    });
  }
  const { error } = await evaluate(engine, model, data, data.validation);
  const found = await searchSharing(engine, model, data, {
    method,
    init,
    seed,
    signal,
    limit: error + maxLoss,
    parameters: [...bitsFor(model, [["*", MOST_BITS]], biasBits ?? MOST_BITS).keys()],
    retrain: training,
    onTry: ({ bytes: size, before, after, accepted }) =>
      note(
        `about ${bytes(size)}: validation error ${percent(before)}, ${percent(after)} after training${accepted ? "" : ", too much"}`,
      ),
  });
  if (found) return found;
  if (!signal.aborted) note("Nothing can be shared within the loss of accuracy: the weights stay as they are.");
  return { model, sharing: new Map() };
}

async function shareUnlabeledBy(
  { lambda = DEFAULT_LAMBDA, maxLoss, biasBits, seed }: SharingFlags,
  engine: Engine,
  model: Model,
  data: Dataset,
  signal: AbortSignal,
): Promise<Shared> {
  const found = await shareUnlabeled(engine, model, data, {
    target: maxLoss === undefined ? { kind: "lambda", lambda } : { kind: "loss", points: maxLoss },
    biasBits,
    seed,
    signal,
    onLayer: (name) => note(`${name}: measured`),
    onTrial: (trial) => note(`lambda ${trial.lambda.toPrecision(3)}, about ${bytes(trial.bytes)}: ${trialText(trial)}`),
  });
  if (!found) {
    note("Nothing can be shared within the loss of accuracy: the weights stay as they are.");
    return { model, sharing: new Map() };
  }
  const shared = withParameters(model, found.parameters);
  const own = bitsFor(model, [["*", MOST_BITS]], biasBits);
  const sharing = new Map([...sharingOf(shared)].filter(([name]) => own.has(name)));
  return { model: shared, sharing, agreement: found.agreement };
}

function rateFrom(rate: number) {
  return { policy: "exponential", rate, final: rate / 100 } as const;
}
