import { createHash } from "node:crypto";
import { z } from "zod";

/** A SHA-256, as text. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The SHA-256 of contents. */
export const digestOf = (contents: Uint8Array | string): string => createHash("sha256").update(contents).digest("hex");
