import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { encodeFile } from "../../espalier/src/coding/encode.ts";
import { random } from "../../espalier/src/random.ts";
import { craft, filledSize, graphSection } from "../../espalier/test/coding/craft.ts";
import { modelOf } from "../../espalier/test/coding/messages.ts";
import { later } from "../src/codec/further.ts";
import { decode } from "../src/codec/whole.ts";
import { load, UserError } from "../src/index.ts";
import { StreamDecoder } from "../src/loading/stream.ts";

const MEGABYTE = 2 ** 20;
const { below } = random(1, "stream");
const noise = (length: number) => Uint8Array.from({ length }, () => below(256));

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Bytes of array buffers that are there now: what decoders take, and nothing of the engine's own. */
const taken = () => process.memoryUsage().arrayBuffers;

/** The same without what is there no more. */
function takenBefore(): number {
  // Buffers are swept beside the thread: a second collection waits for what the first has left to do.
  collect();
  collect();
  return taken();
}

/** Pushes bytes piece by piece. @returns the most that was taken after any of them, above what was before */
function push(decoder: StreamDecoder, bytes: Uint8Array, piece: number): number {
  const before = takenBefore();
  let most = 0;
  for (let at = 0; at < bytes.length; at += piece) {
    decoder.push(bytes.subarray(at, at + piece));
    most = Math.max(most, taken() - before);
  }
  return most;
}

describe("memory follows what has come, not what a header claims", () => {
  const empty = new Uint8Array(0);
  const giant = modelOf({ dims: [2 ** 14, 2 ** 14], raw: empty }, { type: 2, dims: [2 ** 29], raw: empty });
  const section = graphSection(giant);
  const claims = craft({
    decoded: filledSize(giant, 2),
    sections: [section],
    lengths: [section.length, MEGABYTE, MEGABYTE],
  });

  it("when it claims 1.5 GB in sections of which little comes", () => {
    const decoder = new StreamDecoder("claims.esp", () => later);
    expect(push(decoder, claims, 100)).toBeLessThan(MEGABYTE);
    expect(push(decoder, new Uint8Array(MEGABYTE / 2), 2 ** 16)).toBeLessThan(MEGABYTE);
    expect(() => decoder.end()).toThrow(UserError);
  });

  it("when it is loaded", async () => {
    const before = takenBefore();
    await expect(load(new Response(claims))).rejects.toThrow(/cut short: \d+ of 2097\d+ bytes/);
    expect(taken() - before).toBeLessThan(MEGABYTE);
  });

  it("when a tensor comes whose few bytes decode to more than all that has come may", () => {
    const zeros = { dims: [2 ** 10, 17 * 2 ** 8], raw: new Uint8Array(17 * MEGABYTE) };
    const file = modelOf(zeros, { type: 2, dims: [2 ** 16], raw: noise(2 ** 16) });
    const esp = encodeFile(file, { mode: "static" });
    const decoder = new StreamDecoder("zeros.esp", () => later);
    const soon = esp.length - 2 ** 16;
    // The zeros have come, and are not decoded before the rest of the file makes them believable.
    expect(push(decoder, esp.subarray(0, soon), 50)).toBeLessThan(5 * MEGABYTE);
    expect(push(decoder, esp.subarray(soon), 2 ** 14)).toBeGreaterThan(17 * MEGABYTE);
    expect(Buffer.compare(decoder.end(), file)).toBe(0);
  });

  it("when a tensor is decoded: 32 bytes for each word at most", () => {
    const words = 2 ** 18;
    const raw = new Uint8Array(words).map(() => (below(9) === 0 ? 1 + below(2) : 0));
    const esp = encodeFile(modelOf({ type: 2, dims: [1, words], raw }));
    decode(esp);
    const before = takenBefore();
    const file = decode(esp);
    expect(taken() - before - file.length).toBeLessThan(32 * words + 4 * MEGABYTE);
  });
});
