/** A mistake that the user can fix; the runtime's own, so that one `instanceof` holds for both packages. */
export { UserError } from "espalier-runtime/errors";

/** The code of a system's error, such as ENOENT; undefined for any other. */
export const errorCode = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;
