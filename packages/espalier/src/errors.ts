/** A mistake that the user can fix; the runtime's own, so that one `instanceof` holds for both packages. */
export { UserError } from "espalier-runtime/errors";
