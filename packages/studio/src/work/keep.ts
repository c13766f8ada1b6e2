import { clear, del, get, set } from "idb-keyval";
import type { Step } from "../steps.ts";
import type { InputKind, InputSettings, Point, Version } from "../told.ts";

/** A file that was dropped, and where it lay in the folder that was. */
export interface Dropped {
  readonly path: string;
  readonly file: Blob;
}

/** What survives a reload, in the browser's own storage. */
export interface Kept {
  /** Each network on the way, with its .onnx file. */
  versions: readonly { readonly version: Version; readonly onnx: Blob; readonly esp?: Blob; readonly source: string }[];
  /** Which of them is looked at. */
  chosen: number;
  inputs: { readonly kind: InputKind; readonly files: readonly Dropped[]; readonly settings: InputSettings };
  /** The step that is being done, on which version. */
  pending: { readonly step: Step; readonly on: number };
  /** The state of its training. */
  checkpoint: Uint8Array;
  /** Points of its curve. */
  points: readonly Point[];
}

/**
 * Keeps something for when the page is loaded again.
 * @returns false where the browser refuses, as when its storage is full
 */
export async function keep<Key extends keyof Kept>(key: Key, value: Kept[Key]): Promise<boolean> {
  try {
    await set(key, value);
    return true;
  } catch {
    return false;
  }
}

/** What was kept; undefined where nothing was, or where the browser keeps nothing. */
export async function kept<Key extends keyof Kept>(key: Key): Promise<Kept[Key] | undefined> {
  try {
    return await get<Kept[Key]>(key);
  } catch {
    return undefined;
  }
}

/** Forgets one thing, or all. */
export async function forget(key?: keyof Kept): Promise<void> {
  await (key === undefined ? clear() : del(key)).catch(() => {});
}
