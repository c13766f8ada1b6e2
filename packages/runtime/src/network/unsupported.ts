/** What the runtime does not run: ONNX Runtime then takes its place. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}
