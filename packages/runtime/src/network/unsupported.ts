export { UnsupportedError } from "../errors.ts";
