/** Arrays by a key, of which the ones that were asked for longest ago make room for others. */
export class Cache<Kept extends { readonly byteLength: number } = Uint8Array, Key = number> {
  readonly #kept = new Map<Key, Kept>();
  readonly #most: number;
  #bytes = 0;

  /** @param most the bytes that are kept at most */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: Key): Kept | undefined {
    const found = this.#kept.get(key);
    if (found) {
      this.#kept.delete(key);
      this.#kept.set(key, found);
    }
    return found;
  }

  set(key: Key, bytes: Kept): void {
    this.#bytes += bytes.byteLength - (this.#kept.get(key)?.byteLength ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, bytes);
    for (const [oldest, { byteLength }] of this.#kept) {
      if (this.#bytes <= this.#most) return;
      this.#kept.delete(oldest);
      this.#bytes -= byteLength;
    }
  }
}
