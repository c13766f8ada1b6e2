import { UserError } from "../errors.ts";
import { nameOf, piecesFrom, type Source } from "./source.ts";
import type { Progress } from "./stream.ts";

/** A web worker, as far as it is used here. */
export interface DecodingWorker {
  /** Sends the worker a message. */
  postMessage(message: unknown): void;
  /** Hears its messages, and of its errors. */
  addEventListener(type: string, listener: (event: Event) => void): void;
  /** Ends it. */
  terminate(): void;
}

/** What a worker is told: how messages name the file, then its pieces, then that they are all. */
export type Order = string | Uint8Array | null;

/** What a worker answers: to each piece how far the file has come, in the end the ONNX file, or why there is none. */
export type Answer =
  | { readonly progress: Progress }
  | { readonly file: Uint8Array<ArrayBuffer> }
  | { readonly error: string; readonly usersMistake: boolean };

declare const Worker: (new (url: URL, options: { type: "module" }) => DecodingWorker) | undefined;

/**
 * Starts a worker. Bundlers know the line that does.
 * @returns undefined where there are no web workers
 */
export function startWorker(worker: true | (() => DecodingWorker)): DecodingWorker | undefined {
  if (worker !== true) return worker();
  if (typeof Worker === "undefined") return undefined;
  try {
    return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  } catch {
    throw notStarted();
  }
}

/** Decodes in a worker, and ends it. */
export async function decodeIn(
  worker: DecodingWorker,
  source: Source,
  onProgress: ((progress: Progress) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const download = new AbortController();
  const send = (order: Order) => worker.postMessage(order);
  try {
    return await new Promise((resolve, reject) => {
      const abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { signal: download.signal });
      worker.addEventListener("error", () => reject(notStarted()));
      worker.addEventListener("message", (event) => {
        const answer = (event as MessageEvent<Answer>).data;
        if ("file" in answer) resolve(answer.file);
        else if ("error" in answer) reject(new (answer.usersMistake ? UserError : Error)(answer.error));
        else onProgress?.(answer.progress);
      });
      const sendAll = async () => {
        send(nameOf(source));
        for await (const piece of piecesFrom(source, download.signal)) send(piece);
        send(null);
      };
      sendAll().catch(reject);
    });
  } finally {
    download.abort();
    worker.terminate();
  }
}

function notStarted(): UserError {
  return new UserError(
    "The decoder's worker does not start: serve worker.js beside the runtime, or start espalier/runtime/worker yourself and give it as { worker: () => new Worker(...) }.",
  );
}
