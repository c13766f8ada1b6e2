import { errorCode, UserError } from "../errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder; check the path",
  EISDIR: "it is a folder; name a file",
  ENOTDIR: "a part of its path is a file, not a folder; choose another",
  EEXIST: "a file with the name of the folder is there; choose another",
  EACCES: "permission denied; choose a place that is yours",
  EPERM: "permission denied; choose a place that is yours",
  EROFS: "the file system is read-only; choose another place",
  ENOSPC: "the disk is full; free some space or choose another place",
  EDQUOT: "the disk quota is used up; free some space or choose another place",
  ELOOP: "a symbolic link in its path leads back to itself; choose another path",
  ENAMETOOLONG: "the name is longer than the file system allows; choose a shorter one",
  EFBIG: "the file would be larger than the system allows; choose another place",
};

/** Why a file system refuses, and what to do about it. */
export const reasonOf = (code: "EISDIR" | "ELOOP"): string => REASONS[code];

/** A file system's error as the user's, where the user can fix it. */
export function asUserError(error: unknown, what: string): unknown {
  const code = String(errorCode(error));
  return Object.hasOwn(REASONS, code) ? new UserError(`${what}: ${REASONS[code]}.`) : error;
}
