import { z } from "zod";
import { UserError } from "../../errors.ts";
import { canonicalJson, parseJson } from "../../json.ts";
import { digestOf } from "../digest.ts";
import { failureOf } from "../messages.ts";

// What goes through a queue: small JSON, which is checked on both sides. All that is larger lies where both find it.

/** Bytes of an input, or of what comes out. */
export const MOST_BYTES = 65_536;

/** Characters of what a job that failed says. */
const MOST_CHARACTERS = 4_096;

const SHORTENED = 16;

/** An input on its way. The same work has the same id. */
export interface Message {
  readonly id: string;
  readonly input: unknown;
}

/**
 * Makes a message of an input.
 * @param kind what results depend on beside it
 * @throws Error where the input is no plain JSON, or is too large
 */
export function messageOf(job: string, input: unknown, kind: string): Message {
  const plain = checkPlain(input, `The input of the job "${job}"`);
  return { id: digestOf(canonicalJson([job, kind, plain])), input: plain };
}

const arrived = z.strictObject({ input: z.unknown() });

/**
 * The input of a message that has arrived.
 * @throws UserError for one that this library has not made
 */
export function inputOf({ id, name, data }: { id?: string; name: string; data: unknown }, kind: string): unknown {
  const parsed = arrived.safeParse(data);
  if (parsed.success && (JSON.stringify(data) ?? "").length <= MOST_BYTES) {
    const { input } = parsed.data;
    if (messageOf(name, input, kind).id === id) return input;
  }
  throw new UserError(`The message ${String(id).slice(0, SHORTENED)} is none that Espalier sends: it is not done.`);
}

/**
 * A value that JSON carries, as it carries it.
 * @param what the sentence's beginning
 * @throws Error for any other value, and for one that is too large
 */
export function checkPlain(value: unknown, what: string): unknown {
  if (!isPlain(value)) throw new Error(`${what} is no plain JSON, which alone goes through a queue.`);
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES) throw new Error(`${what} has ${bytes} bytes: ${MOST_BYTES} at most go through a queue.`);
  return JSON.parse(text);
}

function isPlain(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every((each) => each === undefined || isPlain(each));
}

const failed = z.strictObject({ message: z.string(), stack: z.string().optional(), isUserError: z.boolean() });
const given = z.union([z.strictObject({ stopped: z.literal(true) }), failed]);

/** Why a job was not done, as the text that a queue keeps: what it threw; or that nobody asks for it any more. */
export function reasonOf(error: unknown): string {
  const { message, stack, isUserError } = failureOf(error);
  const cut = (text: string) => text.slice(0, MOST_CHARACTERS);
  return JSON.stringify({ message: cut(message), ...(stack && { stack: cut(stack) }), isUserError });
}

export const STOPPED = JSON.stringify({ stopped: true });

/** What {@link reasonOf} made; undefined of another text, such as the queue's own. */
export const readReason = (text: string) => given.safeParse(parseJson(text)).data;
