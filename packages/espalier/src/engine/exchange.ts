/**
 * A place that the one who asks for jobs shares with those who do them, for what is large or is needed by many jobs:
 * contents by a key that is theirs alone, such as a hash.
 */
export interface Exchange {
  /** @param beside a key of the one who asks, where others share the place too: contents are then kept for that one */
  put(contents: Uint8Array, beside?: string): Promise<string>;
  /** @throws UserError when they are not there */
  get(key: string): Promise<Uint8Array>;
  /** Takes away contents that nobody asks for any more. */
  drop(key: string): Promise<void>;
}

/** An exchange with oneself. */
export function memoryExchange(): Exchange {
  const kept = new Map<string, Uint8Array>();
  let count = 0;
  return {
    async put(contents) {
      const key = String(count++);
      kept.set(key, contents);
      return key;
    },
    async get(key) {
      const contents = kept.get(key);
      if (!contents) throw new Error(`Nothing of the key ${key} is kept.`);
      return contents;
    },
    async drop(key) {
      kept.delete(key);
    },
  };
}
