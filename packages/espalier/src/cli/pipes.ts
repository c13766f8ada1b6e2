/** The exit status of what SIGPIPE ends: 128 and its number. */
const BROKEN_PIPE = 141;

/**
 * Ends the process without a word where nobody reads what it prints any more, as in `espalier inspect m.onnx | head -1`.
 * Node ignores the signal that ends other programs, and throws.
 */
export function endWithPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(BROKEN_PIPE);
      throw error;
    });
  }
}
