import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { z } from "zod";
import type { CurvePoint } from "../sharing/scaled/walk-curve.ts";
import { readFile, removeFile, writeFile } from "./files.ts";

const schema = z.object({
  identity: z.string(),
  points: z.array(
    z.object({
      lambda: z.number(),
      epochs: z.number(),
      bytes: z.number(),
      fidelity: z.number(),
      accepted: z.boolean(),
    }),
  ),
});

/**
 * Keeps the curve that a search has walked in a file beside its output, so that the same command goes on from there.
 * @param out the output of the command
 * @param network the digest of what was opened
 * @param options all that its result depends on
 */
export function curveFile(out: string, network: string, options: object) {
  const path = `${out}.curve.json`;
  const { json: _, ...own } = { json: false, ...options };
  const identity = createHash("sha256").update(network).update(JSON.stringify(own)).digest("hex");
  const points = existsSync(path) ? earlier(path, identity) : [];
  return {
    /** What to say when the search was stopped. */
    stopped: () =>
      points.length > 0
        ? `Stopped; what was found is in ${path}: the same command goes on from there.`
        : "Stopped; nothing was written.",
    points: [...points] as readonly CurvePoint[],
    add(point: CurvePoint) {
      points.push(point);
      writeFile(path, new TextEncoder().encode(JSON.stringify({ identity, points })));
    },
    remove: () => removeFile(path),
  };
}

/** The points of the same run; none where another left the file. */
function earlier(path: string, identity: string): CurvePoint[] {
  try {
    const found = schema.parse(JSON.parse(new TextDecoder().decode(readFile(path))));
    return found.identity === identity ? found.points : [];
  } catch {
    return [];
  }
}
