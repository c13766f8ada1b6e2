import { batchOf, type LearningData, type Split } from "../../data/dataset.ts";
import { routed } from "../../data/routes.ts";
import type { Exchange } from "../../engine/exchange.ts";
import { byteLength } from "../../onnx/dtype.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { type Feed, fedTensors, routesFor } from "../feeding.ts";
import { orderIn } from "../order.ts";
import { dealt, seedOf } from "./shards.ts";
import { writeSamples } from "./state-file.ts";

/** Samples that are read at a time. */
const AT_ONCE = 256;

/** Where the samples of some steps are. */
export interface Placed {
  readonly key: string;
  readonly inOrder: boolean;
}

/** The training samples of shards, in an exchange as they are fed. */
export class ShardSamples {
  readonly #split: Split;
  readonly #feed: Feed;
  readonly #batch: number;
  readonly #seed: number;
  readonly #exchange: Exchange;
  readonly #dealt: readonly Uint32Array[];
  /** Of all shards, where all are kept by those who take steps. */
  #whole: readonly string[] | undefined;
  readonly #fits: boolean;

  /**
   * @param most what all samples may take for workers to keep them; of more, each round gets those of its steps
   */
  constructor(
    data: LearningData,
    feed: Feed,
    { batch, shards, seed }: { readonly batch: number; readonly shards: number; readonly seed: number },
    exchange: Exchange,
    most: number,
  ) {
    this.#split = routed(data.train, routesFor(feed, data));
    this.#feed = feed;
    this.#batch = batch;
    this.#seed = seed;
    this.#exchange = exchange;
    this.#dealt = dealt(data.train.size, shards);
    const each = fedTensors(feed).reduce((sum, { dtype, shape }) => sum + byteLength(dtype, sizeOf(shape)), 0);
    this.#fits = each * data.train.size <= most;
  }

  /** Samples that the smallest shard has. */
  get least(): number {
    return Math.min(...this.#dealt.map(({ length }) => length));
  }

  /** Puts the samples of some steps of each shard where they can be asked for. */
  async place(epoch: number, from: number, steps: number): Promise<Placed[]> {
    if (this.#fits) {
      this.#whole ??= await this.#putAll(this.#dealt);
      return this.#whole.map((key) => ({ key, inOrder: false }));
    }
    const [begin, end] = [from * this.#batch, (from + steps) * this.#batch];
    const parts = this.#dealt.map((samples, shard) =>
      orderIn(epoch, samples.length, seedOf(this.#seed, shard))
        .subarray(begin, end)
        .map((i) => samples[i]),
    );
    return (await this.#putAll(parts)).map((key) => ({ key, inOrder: true }));
  }

  /** Takes away the samples that only steps that are done needed. */
  async drop(placed: readonly Placed[]): Promise<void> {
    for (const { key, inOrder } of placed) if (inOrder) await this.#exchange.drop(key);
  }

  async release(): Promise<void> {
    for (const key of this.#whole ?? []) await this.#exchange.drop(key);
    this.#whole = undefined;
  }

  async #putAll(parts: readonly Uint32Array[]): Promise<string[]> {
    const keys: string[] = [];
    for (const indices of parts) {
      const { tensors, arrays } = batchOf(fedTensors(this.#feed), indices.length);
      for (let start = 0; start < indices.length; start += AT_ONCE) {
        this.#split.prepare?.(indices.subarray(start, start + 2 * AT_ONCE));
        const some = indices.subarray(start, start + AT_ONCE);
        const rest = Object.entries(arrays).map(([name, array]) => {
          return [name, array.subarray((start * array.length) / indices.length)] as const;
        });
        await this.#split.read(some, Object.fromEntries(rest));
      }
      keys.push(await this.#exchange.put(writeSamples(tensors)));
    }
    return keys;
  }
}
