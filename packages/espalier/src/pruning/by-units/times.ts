import { z } from "zod";
import { annotate } from "../../engine/annotate.ts";
import type { Engine } from "../../engine/engine.ts";
import { type Runtime, timesOf } from "../../engine/stopwatch.ts";
import { UserError } from "../../errors.ts";
import { parseJson } from "../../json.ts";
import type { Model } from "../../onnx/graph.ts";
import { type TypedModel, typedModel } from "../../onnx/typed.ts";
import { type Layer, layersOf } from "../../operators/layers.ts";
import { macsOf } from "../../operators/macs.ts";
import { Constants } from "../units/constants.ts";
import { kept, removeDeadUnits } from "../units/remove.ts";
import { withoutUnits } from "../units/without.ts";
import { type Anatomy, anatomyOf } from "./anatomy.ts";
import { chooseUnits } from "./choose.ts";
import { UnitCosts } from "./costs.ts";

/** What is known of how long a network takes. */
export interface LayerTimes {
  /** Milliseconds of one run of all of it. */
  readonly whole: number;
  /** Those of each layer, by its weights, when such a part of its operations is left. */
  readonly layers: ReadonlyMap<string, (part: number) => number>;
}

const milliseconds = z.number().nonnegative();
const measured = z.object({
  version: z.literal(1),
  runtime: z.string(),
  batch: z.int().positive(),
  whole: milliseconds,
  /** Of each layer: all of it, and a part of its operations with what that takes. */
  layers: z.array(z.object({ weight: z.string(), whole: milliseconds, part: z.number(), partly: milliseconds })),
  /** Of smaller networks, by the sizes of their tensors: milliseconds of the whole network beside them, and their own. */
  networks: z.array(z.object({ sizes: z.string(), before: milliseconds, after: milliseconds })),
});

/** All that was measured in a run, which a run that is resumed reads. */
export type Measured = z.output<typeof measured>;

/** Where a run keeps what it measured. */
export interface TimesStore {
  /** How messages name it. */
  readonly name: string;
  /** The text that was saved; undefined where there is none. */
  load(): string | undefined | Promise<string | undefined>;
  /** Keeps a text in the place of the one before. */
  save(text: string): void | Promise<void>;
}

export interface StopwatchOptions {
  readonly runtime: Runtime;
  /** Samples of a run. */
  readonly batch: number;
  readonly store?: TimesStore;
  readonly signal?: AbortSignal;
  readonly onWork?: (what: string, done: number, total?: number) => void;
}

/** Tells how long networks take on this machine: each is measured once in a run. */
export class Stopwatch {
  readonly #engine: Engine;
  readonly #model: Model;
  readonly #options: StopwatchOptions;
  #measured: Measured;

  private constructor(engine: Engine, model: Model, options: StopwatchOptions, measured: Measured) {
    this.#engine = engine;
    this.#model = model;
    this.#options = options;
    this.#measured = measured;
  }

  /**
   * Measures a network and its layers, or reads what a run measured that is resumed.
   * @param resume whether to go by what the store has
   * @throws UserError where that is damaged, or of another runtime or batch
   */
  static async of(engine: Engine, model: Model, resume: boolean, options: StopwatchOptions): Promise<Stopwatch> {
    const { store, runtime, batch } = options;
    const text = resume ? await store?.load() : undefined;
    if (store && text !== undefined) {
      const known = measured.safeParse(parseJson(text));
      if (!known.success) throw new UserError(`${store.name} is damaged: remove it, and times are measured again.`);
      if (known.data.runtime !== runtime.name || known.data.batch !== batch) {
        throw new UserError(
          `${store.name} has times of ${known.data.runtime} at batch ${known.data.batch}: go on with these, or remove it.`,
        );
      }
      return new Stopwatch(engine, model, options, known.data);
    }
    const found = await measure(engine, model, options);
    await store?.save(JSON.stringify(found));
    return new Stopwatch(engine, model, options, found);
  }

  get layers(): LayerTimes {
    const { whole, layers } = this.#measured;
    const line = ({ whole, part, partly }: Measured["layers"][number]) => {
      // What a layer takes at least goes with no unit of it.
      const slope = part < 1 ? Math.max(0, (whole - partly) / (1 - part)) : 0;
      return (left: number) => whole - slope * (1 - left);
    };
    return { whole, layers: new Map(layers.map((layer) => [layer.weight, line(layer)])) };
  }

  /**
   * How long the network takes without its dead units, beside the network as it came.
   * @param pruned the network with other parameters, those of removed units zero
   */
  async speedOf(pruned: Model): Promise<{ readonly before: number; readonly after: number }> {
    const { model: smaller } = await removeDeadUnits(this.#engine, pruned, { addBiases: false });
    const { runtime, batch, store, signal } = this.#options;
    const sizes = sizesOf(smaller);
    const known = this.#measured.networks.find((network) => network.sizes === sizes);
    if (known) return known;
    const both = await Promise.all([this.#model, smaller].map((model) => annotate(this.#engine, model, { batch })));
    const [before, after] = await timesOf(runtime, both, signal);
    const network = { sizes, before, after };
    this.#measured = { ...this.#measured, networks: [...this.#measured.networks, network] };
    await store?.save(JSON.stringify(this.#measured));
    return network;
  }
}

/**
 * How many times as cheap a network is as it was.
 * @param estimated by what its units cost, where no time is measured
 */
export async function reached(network: Model, estimated: number, stopwatch?: Stopwatch): Promise<number> {
  if (!stopwatch) return estimated;
  const { before, after } = await stopwatch.speedOf(network);
  return before / after;
}

/** A network by the shapes of its tensors. */
function sizesOf({ initializers }: Model): string {
  return Array.from(initializers.values(), ({ dims }) => dims.join("x")).join();
}

/** Measures each layer alone, whole and with about half of its units. */
async function measure(
  engine: Engine,
  model: Model,
  { runtime, batch, signal, onWork }: StopwatchOptions,
): Promise<Measured> {
  const anatomy = await anatomyOf(engine, model, new Set());
  const halved = await annotate(engine, halfOf(anatomy, model), { batch });
  const whole = await annotate(engine, model, { batch });
  const [layers, smaller] = [whole, halved].map((typed) => {
    const all = layersOf(typed);
    const macs = macsOf(typed, all);
    return new Map(all.map((layer, i) => [layer.weight, { layer, macs: macs[i] }]));
  });
  const found: Measured["layers"] = [];
  for (const [weight, { layer, macs }] of layers) {
    onWork?.(`Timing layers in ${runtime.name}`, found.length, layers.size);
    const other = smaller.get(weight);
    if (!other || macs === 0) continue;
    const [all, partly] = await timesOf(runtime, [alone(whole, layer), alone(halved, other.layer)], signal);
    found.push({ weight, whole: all, part: other.macs / macs, partly });
  }
  const [all] = await timesOf(runtime, [whole], signal);
  return { version: 1, runtime: runtime.name, batch, whole: all, layers: found, networks: [] };
}

/** A network of the same layers with about half of the units. */
function halfOf(anatomy: Anatomy, model: Model): Model {
  const alike = new Map(Array.from(anatomy.free, (unit) => [unit, 0]));
  const removed = chooseUnits(anatomy, alike, UnitCosts.of(anatomy, "bytes"), 0);
  const { nodes, initializers } = withoutUnits(anatomy.typed, anatomy.flow, new Constants(), removed, kept);
  return { ...model, nodes, initializers, values: new Map() };
}

/** The network that is a layer's nodes alone, fed what they read. */
function alone(network: TypedModel, { uses }: Layer): TypedModel {
  const made = new Set(uses.flatMap(({ outputs }) => outputs));
  const read = new Set(uses.flatMap(({ inputs }) => inputs).filter((name) => name !== "" && !made.has(name)));
  const known = new Map(
    [...network.inputs, ...network.values.values(), ...network.outputs].map((value) => [value.name, value]),
  );
  const typed = (names: Iterable<string>) => [...names].flatMap((name) => known.get(name) ?? []);
  return typedModel({
    ...network,
    nodes: [...uses],
    inputs: typed([...read].filter((name) => !network.initializers.has(name))),
    outputs: typed(made),
    initializers: new Map([...network.initializers].filter(([name]) => read.has(name))),
    values: new Map(),
  });
}
