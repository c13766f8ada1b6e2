import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { asUserError } from "../data/file-errors.ts";
import { UserError } from "../errors.ts";
import type { ExternalReader } from "../onnx/external.ts";

/** The files beside a model that hold its weights. */
export interface ExternalFiles {
  readonly read: ExternalReader;
  /** The bytes of all files that were read from. */
  bytes(): number;
}

/**
 * Reads files in a model's folder and below; a symbolic link may not lead out of it.
 * @param onRead sees every part that is read
 */
export function externalFiles(model: string, onRead: (part: Uint8Array) => void): ExternalFiles {
  const sizes = new Map<string, number>();
  const read: ExternalReader = (location, offset, length) => {
    const path = join(dirname(model), location);
    let file: number | undefined;
    try {
      const folder = realpathSync(dirname(model));
      const real = realpathSync(path);
      if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
        throw new UserError(
          `${model} keeps weights in ${path}, which leads out of the model's folder and is not read: put the file beside the model.`,
        );
      }
      const stat = statSync(real);
      if (!stat.isFile())
        throw new UserError(`${model} keeps weights in ${path}, which is not a file: export it again.`);
      if (offset + length > stat.size) {
        throw new UserError(
          `${path} has ${stat.size} bytes, and ${model} keeps weights there up to byte ${offset + length}: the file is cut short, copy or export it again.`,
        );
      }
      sizes.set(real, stat.size);
      file = openSync(real, "r");
      const part = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const count = readSync(file, part, done, length - done, offset + done);
        if (count === 0) throw new UserError(`${path} became shorter while it was read: try again.`);
        done += count;
      }
      onRead(part);
      return part;
    } catch (error) {
      throw asUserError(error, `Cannot read the weights of ${model} from ${path}`);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  };
  return { read, bytes: () => [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}
