import { NAMELESS } from "../codec/decode.ts";
import { UserError } from "../errors.ts";

/** What a file can be loaded from: its address, its bytes, or what holds them. */
export type Source = string | URL | Uint8Array | ArrayBuffer | Blob | Response;

/** Bytes that are at hand are given out in pieces, so that the page can breathe between them. */
const PIECE = 2 ** 16;

/** How messages name a source. */
export function nameOf(source: Source): string {
  if (typeof source === "string" || source instanceof URL) return String(source);
  return (source instanceof Response && source.url) || NAMELESS;
}

/**
 * The bytes of a source as they come.
 * @throws UserError when an address does not answer, answers that it has no such file, or stops halfway
 * @throws what `signal` was aborted with
 */
export async function* piecesFrom(source: Source, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
    const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
    for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
    return;
  }
  const name = nameOf(source);
  try {
    if (source instanceof Blob) yield* read(source.stream(), signal);
    else {
      const response = source instanceof Response ? source : await fetch(source, { signal });
      if (!response.ok) throw new UserError(`${name} is not there (status ${response.status}): check the address.`);
      if (response.bodyUsed) throw new UserError(`${name} has been read already: ask for it again.`);
      if (response.body) yield* read(response.body, signal);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : error;
    throw new UserError(`${name} cannot be loaded (${reason}): check the address, and whether this page may ask it.`);
  }
}

/** Reads a stream to its end, or lets it go. (Not every browser can iterate over one.) */
async function* read(stream: ReadableStream<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  const cancel = () => reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    await cancel();
  }
}
