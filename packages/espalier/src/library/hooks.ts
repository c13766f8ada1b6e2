import type { Storage } from "../data/store.ts";
import type { Executor } from "../engine/executor.ts";
import type { OnWork } from "../work.ts";
import type { Progress } from "./progress.ts";

/** What every function that may take long has. */
export interface Hooks {
  /** Ends the work after the steps in progress: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Is told how the work goes on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Where work is done that can be divided; default: here, one piece after the other. */
  readonly executor?: Executor;
}

/** Where a run keeps its state, so that it can be continued. */
export interface CheckpointStore {
  /** How messages name it. */
  readonly name: string;
  /** The last state that was saved; undefined where there is none. */
  load(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Is given the state after each epoch, and when the signal ends the run. */
  save(state: Uint8Array): void | Promise<void>;
}

/** What runs of many epochs have besides. */
export interface RunHooks extends Hooks {
  /** Keeps the state after each epoch and when the signal ends the run; default: nothing is kept. */
  readonly checkpoint?: CheckpointStore;
  /** Whether to continue from the checkpoint, to the same result as without the pause. */
  readonly resume?: boolean;
  /** What a run depends on beside its options, such as digests of files: only the same run may continue. */
  readonly identity?: object;
  /** Where activations go that are more than memory should hold; default: memory. */
  readonly storage?: Storage;
}

/** Tells of work that a function beneath does. */
export function workOf({ onProgress }: Pick<Hooks, "onProgress">): OnWork {
  return (what, done, total) => onProgress?.({ kind: "work", what, done, total });
}

/** Separates what a function is told from how it reports. */
export function splitHooks<Options extends RunHooks>(options: Options) {
  const { signal, onProgress, executor, checkpoint, resume, identity, storage, ...given } = options;
  return { hooks: { signal, onProgress, executor, checkpoint, resume, identity, storage }, given };
}
