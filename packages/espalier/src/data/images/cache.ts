/** Bytes by number, of which the ones that were asked for longest ago make room for others. */
export class Cache {
  readonly #kept = new Map<number, Uint8Array>();
  readonly #most: number;
  #bytes = 0;

  /** @param most the bytes that are kept at most */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: number): Uint8Array | undefined {
    const found = this.#kept.get(key);
    if (found) {
      this.#kept.delete(key);
      this.#kept.set(key, found);
    }
    return found;
  }

  set(key: number, bytes: Uint8Array): void {
    this.#bytes += bytes.length - (this.#kept.get(key)?.length ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, bytes);
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= this.#most) return;
      this.#kept.delete(oldest);
      this.#bytes -= length;
    }
  }
}
