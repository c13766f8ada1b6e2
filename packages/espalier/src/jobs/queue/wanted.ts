/** Who waits for a job. */
export interface Waiting {
  done(output: unknown): void;
  failed(error: unknown): void;
  told(text: unknown): void;
}

/** A job that somebody waits for. */
export interface Wanted {
  readonly name: string;
  readonly input: unknown;
  readonly waiting: Set<Waiting>;
}

/** The jobs that are wanted, by their ids, of which so many are asked for at once. */
export class WantedJobs {
  readonly #all = new Map<string, Wanted>();
  readonly #asked = new Set<string>();
  readonly #later = new Set<string>();
  readonly #most: number;
  readonly #ask: (id: string) => void;

  /** @param ask is called for each job once there is room for it */
  constructor(most: number, ask: (id: string) => void) {
    this.#most = most;
    this.#ask = ask;
  }

  /** Those that are asked for. */
  get asked(): ReadonlySet<string> {
    return this.#asked;
  }

  find(id: string): Wanted | undefined {
    return this.#all.get(id);
  }

  /** Somebody wants a job, which others may want already. */
  add(id: string, { name, input }: Omit<Wanted, "waiting">, waiting: Waiting): void {
    const known = this.#all.get(id);
    if (known) {
      known.waiting.add(waiting);
      return;
    }
    this.#all.set(id, { name, input, waiting: new Set([waiting]) });
    this.#later.add(id);
    this.#fill();
  }

  /**
   * Somebody does not want a job any more.
   * @returns true for one that was asked for and that nobody wants now
   */
  leave(id: string, waiting: Waiting): boolean {
    const wanted = this.#all.get(id);
    if (!wanted?.waiting.delete(waiting) || wanted.waiting.size > 0) return false;
    const isAsked = this.#asked.has(id);
    this.#forget(id);
    return isAsked;
  }

  /** Ends a job for all who wait for it. */
  end(id: string, how: (waiting: Waiting) => void): void {
    const wanted = this.#all.get(id);
    this.#forget(id);
    for (const waiting of wanted?.waiting ?? []) how(waiting);
  }

  /** Ends all in the same way. */
  endAll(error: unknown): void {
    // None is asked for in the place of one that has ended.
    this.#later.clear();
    for (const id of [...this.#all.keys()]) this.end(id, ({ failed }) => failed(error));
  }

  #forget(id: string): void {
    this.#all.delete(id);
    this.#later.delete(id);
    this.#asked.delete(id);
    this.#fill();
  }

  #fill(): void {
    for (const id of this.#later) {
      if (this.#asked.size >= this.#most) return;
      this.#later.delete(id);
      this.#asked.add(id);
      this.#ask(id);
    }
  }
}
