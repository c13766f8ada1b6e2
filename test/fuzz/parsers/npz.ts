import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { openNpz } from "../../../packages/espalier/src/data/node/npz.ts";
import type { Random } from "../../../packages/espalier/src/random.ts";
import { npy } from "../../../packages/espalier/test/data/arrays.ts";
import { mutated, oneOf } from "../mutate/bytes.ts";
import { mutatedText } from "../mutate/text.ts";
import { type Target, unlessRefused } from "../target.ts";
import { readSome } from "./samples.ts";

const floats = (count: number) => Float32Array.from({ length: count }, (_, i) => i / 8);

/** Archives of NumPy arrays by what is in them. */
const ARCHIVES: readonly Readonly<Record<string, Uint8Array>>[] = [
  { x: npy("<f4", [20, 3], floats(60)), y: npy("|u1", [20], new Uint8Array(20)) },
  {
    x_train: npy("|u1", [24, 2, 2], new Uint8Array(96)),
    y_train: npy("<i8", [24], new BigInt64Array(24)),
    x_test: npy("|u1", [2, 2, 2], new Uint8Array(8)),
    y_test: npy("<i8", [2], new BigInt64Array(2)),
  },
  {
    a: npy("<f2", [24, 2], new Uint16Array(48)),
    b: npy("|b1", [24], new Uint8Array(24)),
    y: npy("<f8", [24, 2], new Float64Array(48)),
  },
  { x: npy("<f4", [3, 24], floats(72), "True"), y: npy("<i4", [3], new Int32Array(3)) },
];

/** An array with its header, its numbers or both changed. */
function changed(draw: Random, array: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  if (draw.below(3) === 0) return mutated(draw, array, others);
  const [head, body] = [array.subarray(10, 128), array.subarray(128)];
  const text = new TextDecoder("latin1");
  const header = mutatedText(
    draw,
    text.decode(head),
    others.map((other) => text.decode(other.subarray(10, 128))),
  );
  return Uint8Array.from([
    ...array.subarray(0, 8),
    header.length & 255,
    header.length >> 8,
    ...header,
    ...(draw.below(4) ? body : mutated(draw, body)),
  ]);
}

/** NumPy archives. */
export const npz: Target = {
  share: 10,
  open(scratch) {
    const path = join(scratch, "fuzz.npz");
    const zipped = ARCHIVES.map((archive) =>
      zipSync(Object.fromEntries(Object.entries(archive).map(([name, array]) => [`${name}.npy`, array]))),
    );
    const arrays = ARCHIVES.flatMap((archive) => Object.values(archive));
    const readFile = async (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      return (await unlessRefused(async () => readSome(openNpz(path, { inputs: ["a", "b"] })))) !== undefined;
    };
    return (draw) => {
      if (draw.below(3) === 0) {
        const bytes = mutated(draw, oneOf(draw, zipped), zipped);
        return { kind: "an archive", parts: [bytes], read: ([file]) => readFile(file) };
      }
      const entries = Object.entries(oneOf(draw, ARCHIVES));
      const which = draw.below(entries.length);
      const names = entries.map(([name], i) => (i === which && draw.below(8) === 0 ? oneOf(draw, NAMES) : name));
      const level = draw.below(2) ? 6 : 0;
      const file = (parts: readonly Uint8Array[]) =>
        zipSync(Object.fromEntries(parts.map((part, i) => [`${names[i]}.npy`, part])), { level });
      return {
        kind: "arrays in an archive",
        parts: entries.map(([, array], i) => (i === which ? changed(draw, array, arrays) : array)),
        file,
        read: (parts) => readFile(file(parts)),
      };
    };
  },
};

const NAMES = ["constructor", "x_validation", "y_validation", "x_train", "x_test", "", "../x", "toString", "x_"];
