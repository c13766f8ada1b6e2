/**
 * A mistake that the user can fix: a bad file, option or name.
 * Its message is one sentence that says what is wrong, where, and what to do.
 * The command line prints it and ends with exit status 2; anything else that is thrown is a defect of ours.
 */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** What the runtime does not run: ONNX Runtime then takes its place. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}
