import { z } from "zod";
import { UserError } from "../../errors.ts";
import { parseJson } from "../../json.ts";

export const UNITS = ["characters", "words"] as const;
/** What a text is divided into. */
export type Unit = (typeof UNITS)[number];

/** The tokens that a network knows, in the order of its scores. */
export interface Vocabulary {
  readonly unit: Unit;
  readonly tokens: readonly string[];
}

/** The key under which a model's metadata holds its vocabulary, as JSON. */
export const VOCABULARY_KEY = "espalier.vocabulary";
/** The word that stands for all that a vocabulary lacks. */
export const UNKNOWN = "<unknown>";

/** No vocabulary has more tokens: a network has a column of weights for each. */
export const MOST_TOKENS = 2 ** 20;

/** Line breaks, words with their apostrophes, and every other sign by itself. */
const WORDS = /\n|[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*|[^\s\p{L}\p{N}]/gu;

/** Divides a text into its characters (Unicode's code points) or words; spaces between words are not tokens. */
export function divide(text: string, unit: Unit): string[] {
  return unit === "characters" ? Array.from(text) : (text.match(WORDS) ?? []);
}

/** Puts tokens together again; between words is one space, and none before what closes. */
export function join(tokens: readonly string[], unit: Unit): string {
  if (unit === "characters") return tokens.join("");
  return tokens
    .join(" ")
    .replace(/ ([.,;:!?)\]\n])/g, "$1")
    .replace(/([([\n]) /g, "$1");
}

/**
 * The vocabulary of a text: all its characters by their code, or its most frequent words behind {@link UNKNOWN}.
 * @param most how many words at most
 */
export function vocabularyOf(tokens: readonly string[], unit: Unit, most: number): Vocabulary {
  const counts = new Map<string, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const order = (a: string, b: string) => (a < b ? -1 : 1);
  if (unit === "characters") return { unit, tokens: [...counts.keys()].sort(order) };
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || order(a[0], b[0])).map(([token]) => token);
  return { unit, tokens: [UNKNOWN, ...frequent.filter((token) => token !== UNKNOWN)].slice(0, most) };
}

/**
 * The places of tokens in a vocabulary.
 * @throws UserError for a character that it lacks
 */
export function encode(tokens: readonly string[], { unit, tokens: known }: Vocabulary, source: string): Int32Array {
  const places = new Map(known.map((token, place) => [token, place]));
  const unknown = places.get(UNKNOWN);
  return Int32Array.from(tokens, (token, i) => {
    const place = places.get(token) ?? unknown;
    if (place !== undefined) return place;
    throw new UserError(
      `${source} has ${JSON.stringify(token)} as token ${i}, and the network knows ${known.length} ${unit} without it: give it text of its own kind.`,
    );
  });
}

const schema = z.object({
  unit: z.enum(UNITS),
  tokens: z.array(z.string()).min(1).max(MOST_TOKENS),
});

/**
 * Reads the vocabulary that a model's metadata states; undefined where it states none.
 * @throws UserError when it is stated in another form
 */
export function statedVocabulary(metadata: ReadonlyMap<string, string>): Vocabulary | undefined {
  const text = metadata.get(VOCABULARY_KEY);
  if (text === undefined) return undefined;
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success && new Set(parsed.data.tokens).size === parsed.data.tokens.length) return parsed.data;
  throw new UserError(`The model's metadata "${VOCABULARY_KEY}" is not of the known form: export the model again.`);
}
