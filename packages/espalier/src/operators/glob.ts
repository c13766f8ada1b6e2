import { UserError } from "../errors.ts";

/** More alternatives of braces are no list that a person writes. */
const MOST_ALTERNATIVES = 256;

/**
 * Whether names fit a glob: `*` and `?` stand for what has no slash in it, `**` for anything, `[a-c]` and `[^a-c]` for a
 * character, `{a,b}` for one of several. The time is that of the name's length times the pattern's, whatever they are.
 * @throws UserError for a brace or bracket that is not closed
 */
export function glob(pattern: string): (name: string) => boolean {
  const alternatives = expanded(pattern).map((each) => tokensOf(each, pattern));
  return (name) => alternatives.some((tokens) => fits(tokens, name));
}

/** A character that has to be there, or any number of those that may. */
interface Token {
  readonly many: boolean;
  readonly takes: (character: string) => boolean;
}

const isAny = () => true;
const isNoSlash = (character: string) => character !== "/";

/** The places in the pattern that a name may have come to, one character after the other. */
function fits(tokens: readonly Token[], name: string): boolean {
  const begin = new Uint8Array(tokens.length + 1);
  begin[0] = 1;
  let reached = skipped(tokens, begin);
  for (const character of name) {
    const next = new Uint8Array(tokens.length + 1);
    for (const [i, { many, takes }] of tokens.entries()) {
      if (reached[i] === 1 && takes(character)) next[many ? i : i + 1] = 1;
    }
    reached = skipped(tokens, next);
  }
  return reached[tokens.length] === 1;
}

/** What takes any number takes none, too. */
function skipped(tokens: readonly Token[], reached: Uint8Array): Uint8Array {
  for (const [i, { many }] of tokens.entries()) if (many && reached[i] === 1) reached[i + 1] = 1;
  return reached;
}

function tokensOf(text: string, pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < text.length; ) {
    if (text.startsWith("**", i)) {
      while (text[i] === "*") i++;
      tokens.push({ many: true, takes: isAny });
      // "a/**/b" is "a/b" as well.
      if (text[i] === "/") i++;
    } else if (text[i] === "*") {
      i++;
      tokens.push({ many: true, takes: isNoSlash });
    } else if (text[i] === "?") {
      i++;
      tokens.push({ many: false, takes: isNoSlash });
    } else if (text[i] === "[") {
      const end = text.indexOf("]", i + 2);
      if (end < 0) throw unclosed(pattern, "]");
      tokens.push({ many: false, takes: classOf(text.slice(i + 1, end)) });
      i = end + 1;
    } else {
      if (text[i] === "\\" && i + 1 < text.length) i++;
      const own = String.fromCodePoint(text.codePointAt(i) ?? 0);
      i += own.length;
      tokens.push({ many: false, takes: (character) => character === own });
    }
  }
  return tokens;
}

function classOf(text: string): (character: string) => boolean {
  const not = text.startsWith("^") || text.startsWith("!");
  const [...members] = not ? text.slice(1) : text;
  const ranges: [string, string][] = [];
  for (let i = 0; i < members.length; i++) {
    if (members[i + 1] === "-" && i + 2 < members.length) {
      ranges.push([members[i], members[i + 2]]);
      i += 2;
    } else ranges.push([members[i], members[i]]);
  }
  return (character) => ranges.some(([from, to]) => character >= from && character <= to) !== not;
}

/** A pattern without braces for each way to choose from them. */
function expanded(pattern: string): string[] {
  const done: string[] = [];
  const open = [pattern];
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    const begin = text.search(/(?<!\\)\{/);
    if (begin < 0) done.push(text);
    else {
      const { choices, end } = choicesOf(text, begin, pattern);
      for (const choice of choices) open.push(text.slice(0, begin) + choice + text.slice(end));
    }
    if (done.length + open.length > MOST_ALTERNATIVES) {
      throw new UserError(`The pattern "${pattern}" has over ${MOST_ALTERNATIVES} alternatives: write fewer braces.`);
    }
  }
  return done;
}

/** What lies between a brace and its end, at the commas that are not in other braces. */
function choicesOf(text: string, begin: number, pattern: string) {
  const choices = [""];
  let depth = 0;
  for (let i = begin + 1; i < text.length; i++) {
    const character = text[i];
    if (character === "}" && depth === 0) return { choices, end: i + 1 };
    if (character === "{") depth++;
    if (character === "}") depth--;
    if (character === "," && depth === 0) choices.push("");
    else choices[choices.length - 1] += character;
  }
  throw unclosed(pattern, "}");
}

function unclosed(pattern: string, end: string): UserError {
  return new UserError(
    `The pattern "${pattern}" lacks a "${end}": close it, or write a backslash before its beginning.`,
  );
}
