import { VERSION_AT } from "../codec/container.ts";
import type { Later } from "../codec/context-tensor.ts";
import { type DecodingWorker, decodeIn, startWorker } from "./decoding-worker.ts";
import { nameOf, piecesFrom, type Source } from "./source.ts";
import { type Progress, StreamDecoder } from "./stream.ts";

/** How a file is loaded. */
export interface LoadOptions {
  /** Is told how far the file has come, after each piece. */
  onProgress?(progress: Progress): void;
  /** Ends the download and the decoding; `load` then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Decodes in a worker: true for the one that comes with the runtime, or a function that starts `espalier/runtime/worker`
   * the way the page's bundler likes. Where there are no web workers (Node), decoding stays on the thread that asks.
   */
  readonly worker?: boolean | (() => DecodingWorker);
}

/** Milliseconds after which the thread is given back for a moment: a frame of a page. */
const FRAME = 16;

/**
 * Loads an .esp file: decodes it while it downloads.
 * @param source its address, or its bytes
 * @returns the ONNX file that it was made of, for `ort.InferenceSession.create`
 * @throws UserError when the file is not there, damaged, or newer than this decoder
 */
export async function load(
  source: Source,
  { onProgress, signal, worker }: LoadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  signal?.throwIfAborted();
  const colleague = worker && startWorker(worker);
  if (colleague) return decodeIn(colleague, source, onProgress, signal);
  let later: Later | undefined;
  const decoder = new StreamDecoder(nameOf(source), () => later);
  let rested = performance.now();
  let come = 0;
  for await (const piece of piecesFrom(source, signal)) {
    if (come <= VERSION_AT && piece[VERSION_AT - come] > 1) later = (await import("../codec/further.ts")).later;
    come += piece.length;
    const progress = decoder.push(piece);
    onProgress?.(progress);
    if (performance.now() - rested > FRAME) {
      await new Promise((resolve) => setTimeout(resolve));
      rested = performance.now();
    }
    signal?.throwIfAborted();
  }
  return decoder.end();
}
