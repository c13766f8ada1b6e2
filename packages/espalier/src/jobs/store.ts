import { UserError } from "../errors.ts";
import { canonicalJson, parseJson } from "../json.ts";
import { type JobRecord, readJobRecord } from "./command-job.ts";
import { digestOf } from "./digest.ts";

/** A place that the ones who ask for jobs share with those who do them. Keys are made here, of hashes alone. */
export interface Store {
  /** How messages call it. */
  readonly name: string;
  has(key: string): Promise<boolean>;
  /** What was written; undefined where nothing was. */
  read(key: string): Promise<Uint8Array | undefined>;
  /**
   * Writes whole or not at all, in the place of what was there.
   * @throws UserError when there is no room, or no right to
   */
  write(key: string, contents: Uint8Array): Promise<void>;
  /** Removes what was written, where something was. */
  remove(key: string): Promise<void>;
  /** Removes what was written below a key: `a` and all of `a/...`. */
  removeBelow(key: string): Promise<void>;
}

/** Where contents are: `sha256/ab/abcd...`. */
export const contentKey = (digest: string) => `sha256/${digest.slice(0, 2)}/${digest}`;

const recordKey = (id: string) => `jobs/${id.slice(0, 2)}/${id}.json`;

/** Puts contents into a store, once. @returns their hash */
export async function putContents(store: Store, contents: Uint8Array): Promise<string> {
  const digest = digestOf(contents);
  const key = contentKey(digest);
  if (!(await store.has(key))) await store.write(key, contents);
  return digest;
}

/**
 * Contents by their hash.
 * @throws UserError when the store has none, or others in their place
 */
export async function getContents(store: Store, digest: string): Promise<Uint8Array> {
  const key = contentKey(digest);
  const contents = await store.read(key);
  if (!contents) throw new UserError(`${store.name} has no ${key}: take the store with which the sweep began.`);
  if (digestOf(contents) !== digest) {
    throw new UserError(`${key} in ${store.name} is damaged: remove it, and begin again with --resume.`);
  }
  return contents;
}

/** What came out of a job that was done, and whose files are there. */
export async function getRecord(store: Store, id: string): Promise<JobRecord | undefined> {
  const contents = await store.read(recordKey(id));
  const record = contents && readJobRecord(parseJson(new TextDecoder().decode(contents)));
  if (record?.id !== id) return undefined;
  for (const { sha256 } of Object.values(record.outputs)) {
    if (!(await store.has(contentKey(sha256)))) return undefined;
  }
  return record;
}

/** Keeps what came out of a job, whose files are in the store already. */
export async function putRecord(store: Store, record: JobRecord): Promise<void> {
  await store.write(recordKey(record.id), new TextEncoder().encode(canonicalJson(record)));
}
