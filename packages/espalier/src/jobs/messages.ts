import { UserError } from "../errors.ts";

/** What a worker is asked for. */
export interface Request {
  readonly job: string;
  readonly input: unknown;
  /** Whether another machine asks: only jobs that check their input do it, and they check it. */
  readonly isForeign?: boolean;
}

/** Why nothing came out: what the job threw. */
export interface Failure {
  readonly message: string;
  readonly stack?: string;
  readonly isUserError: boolean;
}

/** What it answers: how far it is, any number of times; then what came out, or why nothing did. */
export type Reply =
  | { readonly kind: "progress"; readonly told: unknown }
  | { readonly kind: "done"; readonly output: unknown }
  | ({ readonly kind: "failed" } & Failure);

/** What a job threw, as a message carries it. */
export function failureOf(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { message, stack, isUserError: error instanceof UserError };
}

/** The error that a job threw elsewhere. */
export function errorOf({ message, stack, isUserError }: Failure): Error {
  if (isUserError) return new UserError(message);
  const error = new Error(message);
  if (stack) error.stack = stack;
  return error;
}
