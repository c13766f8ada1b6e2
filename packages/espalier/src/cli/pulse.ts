import { count, duration, isQuiet, note, sinceSaid } from "./print.ts";

/** Nobody waits longer without being told what is done, in milliseconds. */
const PULSE = 10_000;
/** Milliseconds between looks at the clock. */
const LOOK = 1000;

/** Says what is done and how far it is where nothing else was said for ten seconds. */
export class Pulse {
  readonly #timer: NodeJS.Timeout;
  readonly #onSay: () => void;
  #work:
    | { readonly what: string; readonly since: number; readonly from: number; done: number; total?: number }
    | undefined;

  #steps: (() => string) | undefined;

  /** @param onSay makes ready for a line, where something else is shown */
  constructor(onSay: () => void) {
    this.#onSay = onSay;
    this.#timer = setInterval(() => this.beat(), LOOK);
    this.#timer.unref();
  }

  /** Work goes on. */
  work(what: string, done: number, total?: number): void {
    if (this.#work?.what !== what || done < this.#work.done) {
      this.#work = { what, since: performance.now(), from: done, done, total };
    }
    this.#work.done = done;
    this.#work.total = total;
    this.beat();
  }

  /** Steps of training go on. */
  steps(text: () => string): void {
    this.#steps = text;
    pass = undefined;
    this.beat();
  }

  /** Something else was said, which was the end of the work. */
  clear(): void {
    this.#work = undefined;
    this.#steps = undefined;
  }

  /** Says how far it is, where it is time. */
  beat(): void {
    if (isQuiet() || sinceSaid() < PULSE) return;
    const parts = [this.#steps?.(), this.#workText(), passText()].filter((text) => text !== undefined);
    this.#onSay();
    note(`${parts.length > 0 ? parts.join("; ") : "Still at work"}.`);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #workText(): string | undefined {
    if (!this.#work) return undefined;
    const { what, since, from, done, total } = this.#work;
    const seconds = (performance.now() - since) / 1000;
    if (total === undefined) return `${what}: for ${duration(seconds)} now`;
    const left = done > from ? `, about ${duration((seconds * (total - done)) / (done - from))} left` : "";
    return `${what}: ${((100 * done) / total).toFixed(0)}% done${left}`;
  }
}

/** Where reading is in a split that is gone through in its order. */
let pass: { readonly part: string; readonly at: number; readonly size: number } | undefined;

/** Notes that a split was read up to a sample, or, at its end, that it is not read in its order. */
export function readTo(part: string, at: number, size: number): void {
  pass = at < size ? { part, at, size } : undefined;
}

function passText(): string | undefined {
  return pass && `at ${count(pass.at)} of ${count(pass.size)} ${pass.part} samples`;
}
