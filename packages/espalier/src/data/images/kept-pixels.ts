import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { TemporaryFile } from "../temporary-file.ts";

/** Bytes of memory that decoded photographs take: some 1,700 of 227 x 227. */
const MOST_IN_MEMORY = 2 ** 28;
/** Bytes of a temporary file: some 55,000. No more than a quarter of what is free there. */
const MOST_IN_FILE = 2 ** 33;
const PART_OF_FREE = 1 / 4;
/** Memory is taken piece by piece. */
const PIECE = 2 ** 24;

const abandoned = new FinalizationRegistry((file: TemporaryFile) => file.release());

/**
 * Decoded photographs of one size, by number: in memory, and when that is full in a temporary file, which is gone with
 * the process. One that has no room in either is decoded again. What is kept stays: as each is wanted once an epoch,
 * making room for another would gain nothing.
 */
export class KeptPixels {
  readonly #size: number;
  readonly #most: Readonly<Record<"memory" | "file", number>>;
  readonly #places = new Map<number, number>();
  readonly #pieces: Uint8Array[] = [];
  readonly #inMemory: number;
  #file: { readonly opened?: TemporaryFile; readonly room: number } | undefined;

  /**
   * @param size bytes of a photograph
   * @param most bytes that are kept at most
   */
  constructor(size: number, most = { memory: MOST_IN_MEMORY, file: MOST_IN_FILE }) {
    this.#size = size;
    this.#most = most;
    this.#inMemory = Math.floor(most.memory / size);
  }

  has(number: number): boolean {
    return this.#places.has(number);
  }

  get(number: number): Uint8Array | undefined {
    const place = this.#places.get(number);
    if (place === undefined) return undefined;
    if (place < this.#inMemory) return this.#memoryAt(place);
    const pixels = new Uint8Array(this.#size);
    this.#file?.opened?.read((place - this.#inMemory) * this.#size, pixels);
    return pixels;
  }

  /** Keeps a photograph, where there is room for it. */
  set(number: number, pixels: Uint8Array): void {
    if (this.has(number)) return;
    const place = this.#places.size;
    if (place < this.#inMemory) this.#memoryAt(place).set(pixels);
    else if (!this.#writeToFile(place - this.#inMemory, pixels)) return;
    this.#places.set(number, place);
  }

  #memoryAt(place: number): Uint8Array {
    const each = Math.max(1, Math.floor(PIECE / this.#size));
    const [piece, within] = [Math.floor(place / each), place % each];
    this.#pieces[piece] ??= new Uint8Array(Math.min(each, this.#inMemory - piece * each) * this.#size);
    return this.#pieces[piece].subarray(within * this.#size, (within + 1) * this.#size);
  }

  /** @returns false where there is no room, or the system has none after all */
  #writeToFile(place: number, pixels: Uint8Array): boolean {
    this.#file ??= this.#open();
    const { opened, room } = this.#file;
    if (!opened || place >= room) return false;
    try {
      opened.write(place * this.#size, pixels);
      return true;
    } catch {
      this.#file = { opened, room: place };
      return false;
    }
  }

  #open() {
    try {
      const { bavail, bsize } = statfsSync(tmpdir());
      const room = Math.floor(Math.min(this.#most.file, bavail * bsize * PART_OF_FREE) / this.#size);
      if (room === 0) return { room };
      const opened = new TemporaryFile();
      abandoned.register(this, opened);
      return { opened, room };
    } catch {
      return { room: 0 };
    }
  }
}
