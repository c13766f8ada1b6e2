import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..");

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program and waits for it. Programs of the repository's development dependencies are found by their names.
 * @throws Error with all that it printed when it fails
 */
export function run(folder: string, [program, ...args]: readonly string[], environment: NodeJS.ProcessEnv = {}): Ran {
  const path = `${join(folder, "node_modules/.bin")}:${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: folder,
    env: { ...process.env, ...environment, PATH: path },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${[program, ...args].join(" ")} ends with status ${status}:\n${stdout}${stderr}`);
  return { stdout, stderr };
}

/** Gives a function an empty folder that is gone afterwards. */
export async function inEmptyFolder<T>(use: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "espalier-packages-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
