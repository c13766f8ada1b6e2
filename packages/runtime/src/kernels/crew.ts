import type { Heap } from "./heap.ts";
import type { Kernels } from "./kernels.ts";

/** A kernel and what it is called with. */
export type Call = readonly [kernel: keyof Kernels, ...parameters: number[]];

/** Workers that run kernels on one memory. */
export interface Crew {
  /** Threads, the caller's among them; 1 once others have been lost. */
  readonly size: number;
  /**
   * Runs calls, each on the thread that is free first, and comes back when all are done.
   * @throws Error when a call fails on any of them, or a worker has ended in the middle of one
   */
  run(calls: readonly Call[]): void;
  release(): void;
}

/** What the workers of browsers and of Node have in common. */
interface Colleague {
  postMessage(message: unknown): void;
  terminate(): unknown;
  unref?(): void;
  onmessage?: ((event: unknown) => void) | null;
  onerror?: ((event: unknown) => void) | null;
  once?(event: "message" | "error" | "exit", listener: () => void): void;
}

/** Milliseconds that a worker has to start: where a policy forbids it, some browsers say nothing. */
const PATIENCE = 5000;

/**
 * Milliseconds that a worker may take for a call after the caller has done its own, and how many times as long as that
 * took: one that was ended would be waited for for ever.
 */
const LONGEST = 10_000;
const TIMES = 100;

/** A call takes so many numbers: the kernel, how many parameters, and they. */
const SLOT = 24;
/** Calls that are shared out at once, at most. */
const MOST_CALLS = 64;

/** Numbers of the state: how often there were calls, how many are not taken, how many are done, how many failed. */
const [TICKET, LEFT, DONE, FAILED] = [0, 1, 2, 3];

/**
 * What a worker does: it looks whether the ticket has changed, for a while without pause, as calls come in quick
 * succession, and else sleeps. Then it takes calls, the last first, until none is left. The caller takes them as well, so
 * that a worker that sleeps on, or is no more, is not waited for.
 */
const SOURCE = `
const port = typeof require === "function" ? require("node:worker_threads").parentPort : self;
port.onmessage = async ({ data: { modules, memory, control, slots, kernels } }) => {
  const instances = await Promise.all(modules.map((code) => WebAssembly.instantiate(code, { env: { memory } })));
  const exports = Object.assign({}, ...instances.map((instance) => instance.exports));
  const state = new Int32Array(memory.buffer, control, 4);
  const calls = new Float64Array(memory.buffer, slots, ${SLOT * MOST_CALLS});
  port.postMessage("ready");
  for (let seen = 0; ; ) {
    for (let i = 0; i < 20000 && Atomics.load(state, ${TICKET}) === seen; i++);
    Atomics.wait(state, ${TICKET}, seen);
    seen = Atomics.load(state, ${TICKET});
    for (let left; (left = Atomics.sub(state, ${LEFT}, 1)) > 0; ) {
      const at = ${SLOT} * (left - 1);
      try {
        exports[kernels[calls[at]]](...calls.subarray(at + 2, at + 2 + calls[at + 1]));
      } catch {
        Atomics.add(state, ${FAILED}, 1);
      }
      Atomics.add(state, ${DONE}, 1);
    }
  }
};`;

/** Whether there are threads here: workers, and memory that they may share (a page must be cross-origin isolated). */
export function mayShare(): boolean {
  return (
    typeof SharedArrayBuffer === "function" && (nodeWorkers() !== undefined || typeof workerOfPage() === "function")
  );
}

/**
 * Starts workers that run the kernels of compiled modules.
 * @param memory the shared memory that `heap` gives out
 * @param size threads, the caller's among them
 * @returns undefined where a worker does not start
 */
export async function hire(
  modules: readonly WebAssembly.Module[],
  memory: WebAssembly.Memory,
  heap: Heap,
  kernels: Kernels,
  size: number,
): Promise<Crew | undefined> {
  const names = Object.keys(kernels).filter((name) => name !== "memory") as (keyof Kernels)[];
  const control = heap.allocate(16);
  const slots = heap.allocate(8 * SLOT * MOST_CALLS);
  const state = new Int32Array(memory.buffer, control, 4).fill(0);
  const numbers = new Float64Array(memory.buffer, slots, SLOT * MOST_CALLS);
  const task = { modules, memory, control, slots, kernels: names };
  const hired = await Promise.all(Array.from({ length: size - 1 }, () => hireOne(task)));
  const colleagues = hired.filter((colleague) => colleague !== undefined);
  const release = () => {
    for (const colleague of colleagues) colleague.terminate();
  };
  if (colleagues.length < hired.length) {
    release();
    for (const part of [control, slots]) heap.release(part);
    return undefined;
  }
  let lost = false;
  const share = (calls: readonly Call[]) => {
    for (const [i, [kernel, ...parameters]] of calls.entries()) {
      numbers[SLOT * i] = names.indexOf(kernel);
      numbers[SLOT * i + 1] = parameters.length;
      numbers.set(parameters, SLOT * i + 2);
    }
    Atomics.store(state, DONE, 0);
    // From here on they may be taken: also by one who was late for the calls before.
    Atomics.store(state, LEFT, calls.length);
    Atomics.add(state, TICKET, 1);
    Atomics.notify(state, TICKET);
    const start = performance.now();
    let failure: unknown;
    for (let left = Atomics.sub(state, LEFT, 1); left > 0; left = Atomics.sub(state, LEFT, 1)) {
      try {
        invoke(kernels, calls[left - 1]);
      } catch (error) {
        failure ??= error;
      }
      Atomics.add(state, DONE, 1);
    }
    // A page's own thread may not sleep. What the others write must be there whatever happened here.
    const own = performance.now();
    const end = own + Math.max(LONGEST, TIMES * (own - start));
    for (let i = 1; Atomics.load(state, DONE) < calls.length; i++) {
      if (i % 1000 > 0 || performance.now() < end) continue;
      lost = true;
      release();
      throw new Error(
        "A worker ended in the middle of a run, which has no result: run again, on one thread from here on.",
      );
    }
    const failed = Atomics.exchange(state, FAILED, 0) > 0;
    if (failure !== undefined) throw failure;
    if (failed) throw new Error("A kernel failed in a worker.");
  };
  return {
    get size() {
      return lost ? 1 : size;
    },
    run(calls) {
      for (let i = 0; i < calls.length; i += MOST_CALLS) {
        const some = calls.slice(i, i + MOST_CALLS);
        if (lost) for (const call of some) invoke(kernels, call);
        else share(some);
      }
    },
    release,
  };
}

/** Runs a call on the caller's thread. */
export function invoke(kernels: Kernels, [kernel, ...parameters]: Call): void {
  (kernels[kernel] as (...parameters: number[]) => void)(...parameters);
}

/** Undefined where the worker does not start. */
async function hireOne(task: object): Promise<Colleague | undefined> {
  let colleague: Colleague | undefined;
  try {
    colleague = start();
  } catch {
    return undefined;
  }
  colleague.unref?.();
  const started = await isReady(colleague, task);
  if (!started) colleague.terminate();
  return started ? colleague : undefined;
}

/** Gives a worker its task; true once it is at work, false where it fails or stays silent. */
function isReady(colleague: Colleague, task: object): Promise<boolean> {
  return new Promise((resolve) => {
    const silent = setTimeout(() => resolve(false), PATIENCE);
    const settle = (ready: boolean) => {
      clearTimeout(silent);
      resolve(ready);
    };
    if (colleague.once) {
      colleague.once("message", () => settle(true));
      for (const event of ["error", "exit"] as const) colleague.once(event, () => settle(false));
    } else {
      colleague.onmessage = () => settle(true);
      colleague.onerror = () => settle(false);
    }
    colleague.postMessage(task);
  });
}

function start(): Colleague {
  const node = nodeWorkers();
  if (node) return new node.Worker(SOURCE, { eval: true });
  const Page = workerOfPage();
  if (!Page) throw new Error("There are no workers here: leave out threads.");
  return new Page(URL.createObjectURL(new Blob([SOURCE], { type: "text/javascript" })));
}

type Make<Options> = new (source: string, options?: Options) => Colleague;

function workerOfPage(): Make<object> | undefined {
  return (globalThis as { Worker?: Make<object> }).Worker;
}

function nodeWorkers(): { Worker: Make<{ eval: boolean }> } | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.("node:worker_threads") as { Worker: Make<{ eval: boolean }> } | undefined;
}
