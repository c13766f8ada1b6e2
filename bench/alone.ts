import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const LOADER = fileURLToPath(import.meta.resolve("tsx"));

/**
 * Runs a script in a process of its own, and reads what it prints as JSON.
 * @param script beside the module that asks, whose address is `from`
 * @param flags Node's
 */
export function alone<Answer>(
  script: string,
  from: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Answer {
  const path = fileURLToPath(new URL(script, from));
  const all = [...flags, "--import", LOADER, path, ...args];
  return JSON.parse(execFileSync(process.execPath, all, { encoding: "utf8" }));
}
