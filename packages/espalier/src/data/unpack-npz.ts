import { unzipSync } from "fflate";
import { UserError } from "../errors.ts";

/** No archive may unpack to more, */
const LARGEST = 2 ** 31 - 1;
/** nor have more entries, */
const MOST_ENTRIES = 65_536;
/** nor an entry claim more for a byte: deflate makes no more than 1,032 of one. */
const MOST_OF_BYTE = 1032;

const SUFFIX = ".npy";

/**
 * The .npy files of a NumPy archive by the names of their arrays.
 * @param path how messages name it
 * @throws UserError when it is none, or unpacks to over 2 GB
 */
export function unpackNpz(archive: Uint8Array, path: string): Map<string, Uint8Array> {
  let left = LARGEST;
  let entries = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(archive, {
      // The declared size is checked before anything of it is unpacked.
      filter: ({ name, size, originalSize }) => {
        entries++;
        if (entries > MOST_ENTRIES) throw new UserError(`${path} has over ${MOST_ENTRIES} entries: split the data.`);
        if (originalSize > MOST_OF_BYTE * size + 64) {
          throw new UserError(
            `${path} declares ${originalSize} bytes in ${size} of ${name}: it is damaged, save it again.`,
          );
        }
        left -= originalSize;
        if (left < 0) throw new UserError(`${path} unpacks to over 2 GB: split the data.`);
        return name.endsWith(SUFFIX);
      },
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${path} is not a NumPy archive, or a damaged one (${reason}): save it with numpy.savez.`);
  }
  return new Map(Object.entries(files).map(([name, bytes]) => [name.slice(0, -SUFFIX.length), bytes]));
}
