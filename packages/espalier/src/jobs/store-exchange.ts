import { randomBytes } from "node:crypto";
import type { Exchange } from "../engine/exchange.ts";
import { UserError } from "../errors.ts";
import { digestOf } from "./digest.ts";
import type { Store } from "./store.ts";

const FOLDER = "rounds";

/** A key: the name of the one who asks, which is chance, and the hash of the contents. */
const KEY = /^([0-9a-f]{32})-([0-9a-f]{64})$/;

/**
 * An exchange in a store. Contents lie below the name of the one who asked for them: whoever drops what is his takes
 * nothing from another, who may be training the same network.
 */
export function storeExchange(
  store: Store,
): Exchange & { /** Removes all that is this one's. */ clear(): Promise<void> } {
  const own = randomBytes(16).toString("hex");
  const placeOf = (key: string) => {
    const [, run, digest] = KEY.exec(key) ?? [];
    if (run === undefined) throw new UserError(`"${key}" is not the key of anything in ${store.name}.`);
    return { run, digest, path: `${FOLDER}/${run}/${digest}` };
  };
  return {
    async put(contents, beside) {
      const run = beside === undefined ? own : placeOf(beside).run;
      const key = `${run}-${digestOf(contents)}`;
      const { path } = placeOf(key);
      if (!(await store.has(path))) await store.write(path, contents);
      return key;
    },
    async get(key) {
      const { path, digest } = placeOf(key);
      const contents = await store.read(path);
      if (!contents) throw new UserError(`${store.name} has no ${path}: give all machines the same --store.`);
      if (digestOf(contents) === digest) return contents;
      throw new UserError(`${path} in ${store.name} is damaged: run the command again.`);
    },
    drop: (key) => store.remove(placeOf(key).path),
    clear: () => store.removeBelow(`${FOLDER}/${own}`),
  };
}
