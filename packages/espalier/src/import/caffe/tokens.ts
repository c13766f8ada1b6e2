import { UserError } from "../../errors.ts";

/** A piece of protobuf text: a word or number, a string without its quotes, or a sign; "end" where the text is over. */
export interface Token {
  readonly kind: "word" | "string" | "sign" | "end";
  readonly text: string;
  readonly line: number;
}

// Loops of a single character class only: V8 runs out of stack on groups that repeat millions of times.
const SPACE = /\s+|#.*/y;
const WORD = /[A-Za-z0-9_.][A-Za-z0-9_.+-]*/y;
const SIGN = /[-{}<>[\]:;,]/y;
const QUOTE = /["']/y;
const INSIDE = { '"': /[^"\\\n]+/y, "'": /[^'\\\n]+/y };
const ESCAPE = /\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))/y;
const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b", f: "\f", v: "\v" };

/** Takes protobuf text apart, one token after another. */
export class Tokens {
  readonly #text: string;
  readonly #source: string;
  #at = 0;
  #line = 1;
  #next: Token;

  /** @param source how messages name the text */
  constructor(text: string, source: string) {
    this.#text = text;
    this.#source = source;
    this.#next = this.#read();
  }

  /** The token that {@link take} gives next. */
  get next(): Token {
    return this.#next;
  }

  take(): Token {
    const token = this.#next;
    this.#next = this.#read();
    return token;
  }

  /** Takes the next token when it is one of these signs. */
  skip(signs: string): boolean {
    const found = this.#next.kind === "sign" && signs.includes(this.#next.text);
    if (found) this.take();
    return found;
  }

  /** What is to be said of a place in the text. */
  error(line: number, what: string): UserError {
    return new UserError(`${this.#source}, line ${line}: ${what}.`);
  }

  #read(): Token {
    for (let space = this.#match(SPACE); space; space = this.#match(SPACE))
      this.#line += space[0].split("\n").length - 1;
    const line = this.#line;
    if (this.#at === this.#text.length) return { kind: "end", text: "", line };
    const word = this.#match(WORD);
    if (word) return { kind: "word", text: word[0], line };
    const sign = this.#match(SIGN);
    if (sign) return { kind: "sign", text: sign[0], line };
    const quote = this.#match(QUOTE);
    if (quote) return { kind: "string", text: this.#string(quote[0] === '"' ? '"' : "'"), line };
    throw this.error(line, `${this.#rest()} is not protobuf text; give a network's prototxt`);
  }

  #string(quote: '"' | "'"): string {
    let text = "";
    for (;;) {
      const plain = this.#match(INSIDE[quote]);
      if (plain) {
        text += plain[0];
        continue;
      }
      const escaped = this.#match(ESCAPE);
      if (!escaped) break;
      const [, octal, hex, letter] = escaped;
      text +=
        letter === undefined ? String.fromCharCode(Number.parseInt(octal ?? hex, octal ? 8 : 16)) : letterOf(letter);
    }
    if (this.#match(QUOTE)?.[0] !== quote) throw this.error(this.#line, "a string does not end on its line");
    return text;
  }

  #rest(): string {
    return JSON.stringify(this.#text.slice(this.#at, this.#at + 12));
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }
}

const letterOf = (letter: string) => ESCAPED[letter] ?? letter;
