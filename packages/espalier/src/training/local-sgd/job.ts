import { z } from "zod";
import { arraySplit } from "../../data/array-split.ts";
import { Cache } from "../../data/cache.ts";
import { DEVICES, type Engine, type EngineOptions } from "../../engine/engine.ts";
import type { Exchange } from "../../engine/exchange.ts";
import type { Job, JobContext } from "../../engine/executor.ts";
import { UserError } from "../../errors.ts";
import { trainingChanges } from "../changes.ts";
import { orderIn } from "../order.ts";
import { Trainer } from "../trainer.ts";
import { readMasks, readSamples, readState, type Samples, writeState } from "./state-file.ts";
import { readStep, type ShippedStep } from "./step-file.ts";

/** A number, or hashes. */
const key = z.string().regex(/^[0-9a-f-]{1,128}$/);

/** Steps on a shard, as plain JSON: what is large lies in the exchange. */
const schema = z.object({
  engine: z.object({ device: z.enum(DEVICES), threads: z.int().min(1).max(256).optional() }),
  step: key,
  masks: key,
  /** With the learning rates of the steps to do. */
  state: key,
  samples: key,
  /** Whether the samples are those of the steps alone, as they follow; else the shard's, of which an epoch has its order. */
  inOrder: z.boolean(),
  /** The shard's. */
  seed: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  /** Steps of the epoch that the shard has done, and those of all epochs. */
  from: z.int().nonnegative(),
  iteration: z.int().nonnegative(),
});

export type LocalSteps = z.output<typeof schema>;

/** What steps on a shard came to. */
export interface LocalStepsDone {
  /** The state behind them, in the exchange, with each batch's loss before its step. */
  readonly state: string;
}

/** How far they are. */
export interface LocalProgress {
  readonly steps: number;
  readonly lossSum: number;
}

/** What the job finds where it is done. */
export interface LocalPlace {
  engine(options: EngineOptions): Engine;
  /** That of the one who asks. */
  readonly exchange: Exchange;
}

/** Bytes of samples that are kept from round to round. */
export const MOST_KEPT = 2 ** 30;

/**
 * Takes steps on a shard: the inner loop of local SGD (Stich, arXiv 1805.09767). What it has read is kept for the next
 * round: the compiled step, masks, and the samples of shards.
 */
export class LocalStepsJob implements Job<LocalSteps, LocalStepsDone> {
  readonly name = "local-steps";
  readonly #place: LocalPlace;
  /** There is one trainer, whose state is that of the steps that it takes: they take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #opened:
    | { readonly key: string; readonly shipped: ShippedStep; readonly trainer: Trainer; masks?: string }
    | undefined;
  #samples = new Cache<Samples, string>(MOST_KEPT);

  constructor(place: LocalPlace) {
    this.#place = place;
  }

  /** @throws UserError for what asks for no steps */
  check(input: unknown): void {
    if (!schema.safeParse(input).success)
      throw new UserError("The steps that are asked for are none: nothing was done.");
  }

  run(input: LocalSteps, context: JobContext): Promise<LocalStepsDone> {
    const done = this.#turn.then(() => this.#work(input, context));
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Frees what is kept. */
  async release(): Promise<void> {
    await this.#turn;
    await this.#close();
    this.#samples = new Cache(MOST_KEPT);
  }

  async #work(input: LocalSteps, { signal, progress }: JobContext): Promise<LocalStepsDone> {
    signal.throwIfAborted();
    const { exchange } = this.#place;
    const opened = await this.#open(input);
    const { trainer, shipped } = opened;
    const masks = opened.masks === input.masks ? new Map() : readMasks(await exchange.get(input.masks), input.masks);
    const { steps: all, ...state } = readState(await exchange.get(input.state), input.state);
    trainer.restore({ ...state, masks, iteration: input.iteration });
    opened.masks = input.masks;
    trainer.seed = input.seed;
    const { size, arrays } = await this.#samplesOf(input);
    const split = arraySplit(Object.fromEntries(arrays), 0, size);
    const { routes, ...changes } = shipped.changes;
    const change = trainingChanges(routes, { ...changes, seed: input.seed });
    const order = input.inOrder
      ? Uint32Array.from({ length: size }, (_, i) => i)
      : orderIn(input.epoch, size, input.seed);
    const begin = input.inOrder ? 0 : input.from;
    if ((begin + all.length) * trainer.batch > size) {
      throw new Error(`${all.length} steps from ${begin} on need more than the ${size} samples of the shard.`);
    }
    const losses: number[] = [];
    let lossSum = 0;
    while (losses.length < all.length) {
      signal.throwIfAborted();
      const rates = all.slice(losses.length, losses.length + trainer.capacity);
      for (let i = 0; i < rates.length; i++) {
        const at = losses.length + i;
        const batch = trainer.batchOf(i);
        split.read(order.subarray((begin + at) * trainer.batch, (begin + at + 1) * trainer.batch), batch);
        change(batch, input.epoch, input.from + at);
      }
      for (const loss of await trainer.run(rates)) {
        losses.push(loss);
        lossSum += loss;
      }
      progress({ steps: losses.length, lossSum } satisfies LocalProgress);
    }
    const done = writeState({ ...(await trainer.state()), steps: losses });
    return { state: await exchange.put(done, input.state) };
  }

  async #open({ step: key, engine }: LocalSteps) {
    const own = `${key} ${JSON.stringify(engine)}`;
    if (this.#opened?.key === own) return this.#opened;
    await this.#close();
    const shipped = readStep(await this.#place.exchange.get(key), key);
    const trainer = await Trainer.open(this.#place.engine(engine), shipped.step, 0);
    this.#opened = { key: own, shipped, trainer };
    return this.#opened;
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.trainer.release();
  }

  async #samplesOf({ samples: key, inOrder }: LocalSteps): Promise<Samples> {
    const kept = this.#samples.get(key);
    if (kept) return kept;
    const read = readSamples(await this.#place.exchange.get(key), key);
    if (!inOrder) this.#samples.set(key, read);
    return read;
  }
}
