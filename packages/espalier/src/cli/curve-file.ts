import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../errors.ts";
import type { CurvePoint } from "../sharing/scaled/walk-curve.ts";
import { readFile, removeFile, writeFile } from "./files.ts";

const schema = z.object({
  identity: z.string(),
  points: z.array(
    z.object({
      lambda: z.number(),
      cut: z.number(),
      epochs: z.number(),
      bytes: z.number(),
      density: z.number(),
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
 * @throws UserError where the file holds the curve of another run that was stopped
 */
export function curveFile(out: string, network: string, options: object) {
  const path = `${out}.curve.json`;
  // How the result is told has no part in it.
  const own = { ...options, json: undefined, report: undefined };
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

/** The points of the same run; none of a file that is no curve. */
function earlier(path: string, identity: string): CurvePoint[] {
  const found = curveIn(readFile(path));
  if (!found) return [];
  if (found.identity !== identity) {
    throw new UserError(
      `${path} holds what another run had found when it was stopped: run that command again to finish it, remove the file, or choose another --out.`,
    );
  }
  return found.points;
}

function curveIn(contents: Uint8Array): z.infer<typeof schema> | undefined {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(contents)));
  } catch {
    return undefined;
  }
}
