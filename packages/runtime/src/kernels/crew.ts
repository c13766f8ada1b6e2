import type { Heap } from "./heap.ts";
import type { Kernels } from "./kernels.ts";

/** A kernel and what it is called with. */
export type Call = readonly [kernel: keyof Kernels, ...parameters: number[]];

/** Workers that run kernels on one memory. */
export interface Crew {
  /** Threads, the caller's among them. */
  readonly size: number;
  /**
   * Runs one call on each thread, the first on the caller's, and comes back when all are done.
   * @throws Error when a call fails on any of them
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

/** A call takes so many numbers: the kernel, how many parameters, and they. */
const SLOT = 16;

/**
 * What a worker does: it looks whether the ticket has changed, for a while without pause, as calls come in quick
 * succession, and else sleeps. The second number of the state is how many are still at work, the third how many failed.
 */
const SOURCE = `
const port = typeof require === "function" ? require("node:worker_threads").parentPort : self;
port.onmessage = async ({ data: { code, memory, control, slot, kernels } }) => {
  const { exports } = await WebAssembly.instantiate(code, { env: { memory } });
  const state = new Int32Array(memory.buffer, control, 3);
  const call = new Float64Array(memory.buffer, slot, ${SLOT});
  port.postMessage("ready");
  for (let seen = 0; ; ) {
    for (let i = 0; i < 20000 && Atomics.load(state, 0) === seen; i++);
    Atomics.wait(state, 0, seen);
    seen = Atomics.load(state, 0);
    try {
      if (call[0] >= 0) exports[kernels[call[0]]](...call.subarray(2, 2 + call[1]));
    } catch {
      Atomics.add(state, 2, 1);
    }
    Atomics.sub(state, 1, 1);
  }
};`;

/** Whether there are threads here: workers, and memory that they may share (a page must be cross-origin isolated). */
export function mayShare(): boolean {
  return (
    typeof SharedArrayBuffer === "function" && (nodeWorkers() !== undefined || typeof workerOfPage() === "function")
  );
}

/**
 * Starts workers that run the kernels of a compiled module.
 * @param memory the shared memory that `heap` gives out
 * @param size threads, the caller's among them
 * @returns undefined where a worker does not start
 */
export async function hire(
  code: WebAssembly.Module,
  memory: WebAssembly.Memory,
  heap: Heap,
  kernels: Kernels,
  size: number,
): Promise<Crew | undefined> {
  const names = Object.keys(kernels).filter((name) => name !== "memory") as (keyof Kernels)[];
  const control = heap.allocate(12);
  const slots = Array.from({ length: size - 1 }, () => heap.allocate(8 * SLOT));
  const state = new Int32Array(memory.buffer, control, 3).fill(0);
  const calls = slots.map((slot) => new Float64Array(memory.buffer, slot, SLOT));
  const hired = await Promise.all(slots.map((slot) => hireOne({ code, memory, control, slot, kernels: names })));
  const colleagues = hired.filter((colleague) => colleague !== undefined);
  if (colleagues.length < hired.length) {
    for (const colleague of colleagues) colleague.terminate();
    for (const part of [control, ...slots]) heap.release(part);
    return undefined;
  }
  return {
    size,
    run([own, ...others]) {
      for (const [i, call] of calls.entries()) {
        const given = others[i];
        call[0] = given ? names.indexOf(given[0]) : -1;
        call[1] = given ? given.length - 1 : 0;
        for (let k = 1; given && k < given.length; k++) call[k + 1] = Number(given[k]);
      }
      Atomics.store(state, 1, calls.length);
      Atomics.add(state, 0, 1);
      Atomics.notify(state, 0);
      try {
        invoke(kernels, own);
      } finally {
        // A page's own thread may not sleep. What the others write must be there whatever happens here.
        while (Atomics.load(state, 1) > 0);
      }
      if (Atomics.exchange(state, 2, 0) > 0) throw new Error("A kernel failed in a worker.");
    },
    release() {
      for (const colleague of colleagues) colleague.terminate();
    },
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
