import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Reply, Request } from "./messages.ts";

/** Threads share memory; processes have their own, may load native code, and can run out of memory by themselves. */
export type WorkerKind = "thread" | "process";

/** The way to a worker that was started. */
export interface Link {
  /** @throws when the input cannot be cloned */
  send(request: Request): void;
  /** Keeps this process alive, or not. */
  hold(held: boolean): void;
  stop(): Promise<void>;
}

export interface Listener {
  onReply(reply: Reply): void;
  /** @param how the sentence's end: "it exited with 1" */
  onEnd(how: string): void;
}

/** What a worker runs. */
export interface WorkerProgram {
  readonly kind: WorkerKind;
  readonly entry: URL;
  /** Modules with more jobs, as addresses of files. */
  readonly modules: readonly string[];
}

/** The library's own program, in processes, with more jobs. @param modules as addresses of files */
export const ownProgram = (modules: readonly string[]): WorkerProgram => ({
  kind: "process",
  entry: ownEntry,
  modules,
});

/** What workers run, as it is when the library is built. */
export const ownEntry = new URL("./worker.js", import.meta.url);

export function start(program: WorkerProgram, listener: Listener): Link {
  return program.kind === "thread" ? startThread(program, listener) : startProcess(program, listener);
}

function startThread({ entry, modules }: WorkerProgram, { onReply, onEnd }: Listener): Link {
  const worker = new Worker(entry, { argv: [...modules] });
  let reason: string | undefined;
  worker.on("message", onReply);
  worker.on("error", ({ message }) => {
    reason = message;
  });
  worker.on("exit", (code) => onEnd(reason ?? `it exited with ${code}`));
  return {
    send: (request) => worker.postMessage(request),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    stop: async () => void (await worker.terminate()),
  };
}

function startProcess({ entry, modules }: WorkerProgram, { onReply, onEnd }: Listener): Link {
  // What is printed there must not mix with this process's results.
  const stdio: ("ignore" | "ipc" | number)[] = ["ignore", 2, 2, "ipc"];
  const child = fork(fileURLToPath(entry), modules, { serialization: "advanced", stdio });
  let ended = false;
  const end = (how: string) => {
    if (!ended) onEnd(how);
    ended = true;
  };
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.on("message", (message) => onReply(message as Reply));
  child.on("error", ({ message }) => end(message));
  child.on("exit", (code, signal) => end(signal ? `${signal} ended it` : `it exited with ${code}`));
  return {
    send: (request) => void child.send(request),
    hold(held) {
      if (held) child.ref();
      else child.unref();
      if (held) child.channel?.ref();
      else child.channel?.unref();
    },
    async stop() {
      if (ended) return;
      // Whoever waits for the end is to see it, also where nothing else keeps this process alive.
      child.ref();
      child.kill("SIGKILL");
      await gone;
    },
  };
}
