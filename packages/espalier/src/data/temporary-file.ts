import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Windows removes no file that is open: these go when the process ends. */
const named = new Set<TemporaryFile>();

/** Bytes in a temporary file. It has no name, so that it is gone with its process, however that ends. */
export class TemporaryFile {
  readonly #file: number;
  readonly #folder: string;

  /** @throws when there can be no such file */
  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "espalier-"));
    this.#file = openSync(join(this.#folder, "bytes"), "w+");
    if (process.platform !== "win32") this.#remove();
    else keepUntilExit(this);
  }

  /** Writes bytes from the place `at` on. */
  write(at: number, bytes: Uint8Array): void {
    whole(bytes, at, (rest, place) => writeSync(this.#file, rest, 0, rest.length, place));
  }

  /** Fills an array with the bytes from the place `at` on. */
  read(at: number, into: Uint8Array): void {
    whole(into, at, (rest, place) => readSync(this.#file, rest, 0, rest.length, place));
  }

  /** Gives the file up. */
  release(): void {
    named.delete(this);
    closeSync(this.#file);
    this.#remove();
  }

  #remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function keepUntilExit(file: TemporaryFile): void {
  if (named.size === 0) process.once("exit", () => [...named].forEach((one) => void one.release()));
  named.add(file);
}

/** Moves all bytes of an array: the system may take or give fewer at a time. */
function whole(bytes: Uint8Array, at: number, move: (rest: Uint8Array, place: number) => number): void {
  for (let done = 0; done < bytes.length; ) {
    const moved = move(bytes.subarray(done), at + done);
    if (moved === 0) throw new Error("The temporary file ends before the bytes that were written to it.");
    done += moved;
  }
}
