import { readFileSync } from "node:fs";
import { runtimeVersion } from "../engine/node.ts";
import { parseJson } from "../json.ts";

/** The version of Espalier. */
export function ownVersion(): string {
  const about = parseJson(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof about === "object" && about !== null && "version" in about ? String(about.version) : "";
}

/** The versions that bytes of results depend on. */
export const jobVersion = () => `espalier ${ownVersion()}, ${runtimeVersion()}`;
