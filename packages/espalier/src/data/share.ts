/** A bound on what is at work at the same time: work waits, in its order, until there is room for it. */
export class Share {
  readonly #most: number;
  #taken = 0;
  readonly #waiting: { readonly amount: number; readonly begin: () => void }[] = [];

  /** @param most what all work together may take; one that takes more runs alone */
  constructor(most: number) {
    this.#most = most;
  }

  /** Does work that takes so much, once there is room. */
  async during<Result>(amount: number, work: () => Promise<Result>): Promise<Result> {
    const own = Math.min(amount, this.#most);
    await new Promise<void>((begin) => {
      this.#waiting.push({ amount: own, begin });
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#taken -= own;
      this.#next();
    }
  }

  #next(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (!first || this.#taken + first.amount > this.#most) return;
      this.#waiting.shift();
      this.#taken += first.amount;
      first.begin();
    }
  }
}
