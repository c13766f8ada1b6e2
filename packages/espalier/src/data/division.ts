import { UserError } from "../errors.ts";
import { permutation, random } from "../random.ts";
import type { Listing, Part } from "./parts.ts";

/** How files without parts of their own become three. */
export interface DivisionOptions {
  /** Whether a folder without parts is taken whole, each part all of it: for what only looks. Default: it is divided. */
  readonly undivided?: boolean;
  /** What train, validation and test get of a folder without parts, together 1. */
  readonly parts?: readonly [number, number, number];
  /** The seed by which it is divided. */
  readonly divisionSeed?: number;
}

/** The files of each part, by their place in all listings together. */
export type Division = Readonly<Record<Part, Uint32Array>>;

export const PARTS = [0.8, 0.1, 0.1] as const;

/**
 * Divides files into what is learned from, chosen by and judged by.
 *
 * A folder with folders train, val and test has these parts. With train and val alone, val is what is judged, so it is
 * the test split, and a twelfth of train is drawn to validate on; the same where there is no val. A folder without
 * parts is divided by chance.
 * @param noun what messages call one of them
 * @throws UserError for too few of them
 */
export function divide(
  folder: string,
  listings: ReadonlyMap<Part | "all", Listing>,
  { undivided = false, parts = PARTS, divisionSeed = 1 }: DivisionOptions,
  noun = "photograph",
): Division {
  const places = placesOf(listings);
  const drawn = (members: Uint32Array) =>
    permutation(members.length, random(divisionSeed, "division")).map((i) => members[i]);
  const all = places.get("all");
  if (all && undivided) return { train: all, validation: all, test: all };
  if (all) {
    const [validation, test] = [parts[1], parts[2]].map((part) => Math.max(1, Math.round(part * all.length)));
    const learned = all.length - validation - test;
    if (learned < 1) {
      throw new UserError(`${folder} has ${all.length} ${noun}s, too few to learn, choose and judge by: give more.`);
    }
    const order = drawn(all);
    return {
      train: order.subarray(0, learned),
      validation: order.subarray(learned, learned + validation),
      test: order.subarray(learned + validation),
    };
  }
  const train = places.get("train") ?? new Uint32Array();
  const [validation, test] = [places.get("validation"), places.get("test")];
  if (validation && test) return { train, validation, test };
  const order = drawn(train);
  const learned = train.length - Math.ceil(train.length / 12);
  if (learned < 1) throw new UserError(`${folder} has ${train.length} ${noun}s to train on, too few: give more.`);
  return {
    train: order.subarray(0, learned),
    validation: order.subarray(learned),
    test: test ?? validation ?? order.subarray(learned),
  };
}

function placesOf(listings: ReadonlyMap<Part | "all", Listing>): Map<Part | "all", Uint32Array> {
  const places = new Map<Part | "all", Uint32Array>();
  let start = 0;
  for (const [part, { files }] of listings) {
    places.set(
      part,
      Uint32Array.from({ length: files.length }, (_, i) => start + i),
    );
    start += files.length;
  }
  return places;
}
