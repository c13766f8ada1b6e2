import type { Model } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { samples } from "./compare.ts";
import type { Engine, Tensors } from "./engine.ts";

/** A runtime whose speed counts. */
export interface Runtime {
  readonly name: string;
  /** The time in milliseconds, from any moment on; default: this machine's. */
  now?(): number;
  /** Makes a network ready to run. */
  open(model: Model): Promise<TimedNetwork>;
}

/** A network that is ready to run. */
export interface TimedNetwork {
  /** Computes its outputs; the time is that until the promise settles, where there is one. */
  run(feeds: Tensors): unknown;
  /** Frees what it holds. */
  release(): void | Promise<void>;
}

/** ONNX Runtime as an engine has it. */
export function runtimeOf(engine: Engine): Runtime {
  return { name: engine.name, open: (model) => engine.compile(model) };
}

/** Runs before any is timed, and those that are timed at least, in turns. */
const WARMING = 3;
const LEAST = 9;
const MOST = 200;
/** How long networks are run, in milliseconds, unless the least takes longer. */
const LONGEST = 600;
/** Milliseconds without a pause: the run that comes after one is slower, so they are few. */
const UNPAUSED = 50;

/**
 * Milliseconds of one run of each of some networks, which run in turns, so that what else the machine does slows all of
 * them: the lower quartile.
 */
export async function timesOf(
  runtime: Runtime,
  models: readonly TypedModel[],
  signal?: AbortSignal,
): Promise<number[]> {
  const now = () => runtime.now?.() ?? performance.now();
  const opened: TimedNetwork[] = [];
  const feeds = models.map((model) => samples(model, 0));
  const times: number[][] = models.map(() => []);
  try {
    for (const model of models) opened.push(await runtime.open(model));
    let [turn, began] = [0, now()];
    let pausedAt = began;
    while (turn < WARMING + LEAST || (turn < MOST && now() - began < LONGEST * models.length)) {
      signal?.throwIfAborted();
      for (const [i, network] of opened.entries()) {
        const start = now();
        await network.run(feeds[i]);
        if (turn >= WARMING) times[i].push(now() - start);
      }
      if (++turn === WARMING) began = now();
      if (now() - pausedAt < UNPAUSED) continue;
      // Signals and timers have a turn.
      await new Promise((resolve) => setTimeout(resolve));
      pausedAt = now();
    }
  } finally {
    for (const network of opened) await network.release();
  }
  return times.map((own) => own.sort((a, b) => a - b)[Math.floor(own.length / 4)]);
}
