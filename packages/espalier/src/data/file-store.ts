import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Storage } from "./store.ts";

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Room in a temporary file, which goes when it is released. */
export const temporaryFile: Storage = () => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-numbers-"));
  const file = openSync(join(folder, "numbers"), "w+");
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // A file without a name is gone with its process, however that ends. Windows removes none that is open.
  if (process.platform !== "win32") remove();
  return {
    write: (at, values) => whole(values, at, (bytes, place) => writeSync(file, bytes, 0, bytes.length, place)),
    read: (at, into) => whole(into, at, (bytes, place) => readSync(file, bytes, 0, bytes.length, place)),
    release() {
      closeSync(file);
      remove();
    },
  };
};

/** Moves all bytes of an array: the system may take or give fewer at a time. */
function whole(values: Float32Array, at: number, move: (bytes: Uint8Array, place: number) => number): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let done = 0; done < bytes.length; ) {
    const moved = move(bytes.subarray(done), at * BYTES + done);
    if (moved === 0) throw new Error("The temporary file ends before the numbers that were written to it.");
    done += moved;
  }
}
