import type { InputKind } from "./told.ts";
import type { Dropped } from "./work/keep.ts";

const ENDINGS: readonly (readonly [kind: InputKind, ending: RegExp])[] = [
  ["npz", /\.npz$/i],
  ["audio", /\.wave?$/i],
  ["images", /\.(jpe?g|png|webp|gif|avif|bmp)$/i],
  ["text", /\.(txt|md|text)$/i],
];

/** What files are, by their names; undefined where they are nothing that is read. */
export const inputKindOf = (files: readonly Dropped[]): InputKind | undefined =>
  ENDINGS.find(([, ending]) => files.some(({ path }) => ending.test(path)))?.[0];

/** Those of some files that are of a kind. */
export function ofKind(files: readonly Dropped[], kind: InputKind): Dropped[] {
  const ending = ENDINGS.find(([own]) => own === kind)?.[1];
  return files.filter(({ path }) => ending?.test(path));
}
