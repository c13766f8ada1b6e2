/** What a worker is asked for. */
export interface Request {
  readonly job: string;
  readonly input: unknown;
}

/** What it answers: how far it is, any number of times; then what came out, or why nothing did. */
export type Reply =
  | { readonly kind: "progress"; readonly told: unknown }
  | { readonly kind: "done"; readonly output: unknown }
  | { readonly kind: "failed"; readonly message: string; readonly stack?: string; readonly isUserError: boolean };
