/**
 * Is told how far a piece of work is: what it is, as a sentence begins, how many of its parts are done, and of how many
 * where that is known.
 */
export type OnWork = (what: string, done: number, total?: number) => void;

/** Gives timers and signals a turn, which work that only computes would keep from them. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
