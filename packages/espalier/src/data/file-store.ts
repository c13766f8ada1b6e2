import type { Storage } from "./store.ts";
import { TemporaryFile } from "./temporary-file.ts";

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Room in a temporary file, which goes when it is released. */
export const temporaryFile: Storage = () => {
  const file = new TemporaryFile();
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);
  return {
    write: (at, values) => file.write(at * BYTES, bytesOf(values)),
    read: (at, into) => file.read(at * BYTES, bytesOf(into)),
    release: () => file.release(),
  };
};
