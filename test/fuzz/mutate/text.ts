import type { Random } from "../../../packages/espalier/src/random.ts";
import { changes, mutated, oneOf } from "./bytes.ts";

/** What breaks readers of text where it stands for a word or a number. */
const WORDS = [
  "",
  "-1",
  "0",
  "-0",
  "1e309",
  "1e-400",
  "nan",
  "-inf",
  "0x10",
  "007",
  "1.5",
  "4294967296",
  "9007199254740993",
  "18446744073709551616",
  "-9223372036854775808",
  "true",
  "null",
  "__proto__",
  "constructor",
  "toString",
  "\u0000",
  "\ufeff",
  "\ud800",
  "\u202e",
  "e\u0301",
  "\r",
  "\r\n",
  "\n",
  "\t",
  "\u2028",
  '"',
  "'",
  '"a\\"b',
  "\\",
  "\\777",
  "\\x",
  ",",
  ";",
  "[",
  "{",
  "}",
  "#",
  "../../etc/passwd",
];

/** Takes a text apart: words, numbers, each sign, and spaces. */
const TOKEN = /[\p{L}\p{N}_.+-]+|\s+|[^\s\p{L}\p{N}_.+-]/gu;

/**
 * A text with up to four changes to its words: left out, doubled, exchanged, or extreme ones in their place; then, now and
 * then, to its bytes.
 * @param others other whole texts
 */
export function mutatedText(draw: Random, text: string, others: readonly string[]): Uint8Array {
  const tokens = text.match(TOKEN) ?? [];
  for (let times = changes(draw); times > 0 && tokens.length > 0; times--) {
    const at = draw.below(tokens.length);
    switch (draw.below(7)) {
      case 0:
        tokens.splice(at, 1 + draw.below(4));
        break;
      case 1:
        tokens.splice(at, 0, ...tokens.slice(at, at + 1 + draw.below(12)));
        break;
      case 2: {
        const other = draw.below(tokens.length);
        [tokens[at], tokens[other]] = [tokens[other], tokens[at]];
        break;
      }
      case 3:
        tokens[at] = oneOf(draw, WORDS);
        break;
      case 4:
        tokens.splice(at, 0, oneOf(draw, WORDS));
        break;
      case 5: {
        const from = oneOf(draw, others).match(TOKEN) ?? [""];
        tokens[at] = oneOf(draw, from);
        break;
      }
      default:
        if (draw.below(16) === 0) tokens.splice(at, 0, oneOf(draw, WORDS).repeat(1 << draw.below(12)));
        else tokens[at] = `${tokens[at]}${tokens[at]}`;
    }
  }
  const bytes = new TextEncoder().encode(tokens.join(""));
  return draw.below(4) === 0 ? mutated(draw, bytes) : bytes;
}
