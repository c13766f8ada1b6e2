import { readFileSync } from "node:fs";
import { codeNumber } from "../../../runtime/src/codec/bit-coder.ts";
import { liesBeside } from "../../src/coding/encode.ts";
import { RangeEncoder } from "../../src/coding/range-encoder.ts";
import { concat, split } from "../../src/coding/split.ts";
import { type Random, random } from "../../src/random.ts";
import { craft, filledSize, graphSection, sectionsOf } from "./craft.ts";
import { modelOf } from "./messages.ts";
import { outcomeOf } from "./outcome.ts";
import { vectors } from "./vectors.ts";

/** A whole file, and what it is made of. */
interface Seed {
  readonly esp: Uint8Array;
  readonly version?: number;
  readonly decoded: number;
  readonly sections: readonly Uint8Array[];
  readonly graph: Uint8Array;
}

/** What one round of fuzzing came to. */
export interface Fuzzed {
  readonly kind: string;
  readonly bytes: Uint8Array;
  readonly decoded: boolean;
}

/** Graphs that ask for more are not decoded, so that a round is quick; that they are refused is tested elsewhere. */
const MOST = 2 ** 17;

/** Makes hostile files of whole ones, and decodes them. */
export class Fuzzer {
  readonly #seed: number;
  readonly #seeds: Seed[];

  constructor(seed: number) {
    this.#seed = seed;
    this.#seeds = vectors.map(({ name, onnx }) => {
      // Not a Buffer, whose slice() does not copy.
      const esp = new Uint8Array(readFileSync(new URL(`../../../../docs/vectors/${name}.esp`, import.meta.url)));
      const { version, decoded, sections } = sectionsOf(esp);
      return { esp, version, decoded, sections, graph: split(onnx, liesBeside).graph };
    });
  }

  /**
   * One round.
   * @throws Error when a file does what no file may: see {@link outcomeOf}; and when a damaged one is not noticed
   */
  round(number: number): Fuzzed {
    const draw = random(this.#seed, "fuzz", number);
    const kinds = Object.keys(this.#kinds);
    const kind = kinds[draw.below(kinds.length)];
    const { bytes, mustFail, size } = this.#kinds[kind](draw, this.#seeds[draw.below(this.#seeds.length)]);
    try {
      const { file } = outcomeOf(bytes);
      if (file && mustFail) throw new Error("The damage is not noticed.");
      if (file && size !== undefined && file.length !== size) throw new Error(`The file has ${file.length} bytes.`);
      return { kind, bytes, decoded: file !== undefined };
    } catch (error) {
      const hex = Buffer.from(bytes).toString("hex");
      throw new Error(`Round ${number} of the seed ${this.#seed}, ${kind}: ${hex}`, { cause: error });
    }
  }

  readonly #kinds: Readonly<Record<string, (draw: Random, seed: Seed) => Case>> = {
    "random bytes": (draw) => ({ bytes: noise(draw, draw.below(200)) }),
    "random bytes behind a prefix": (draw) => ({
      bytes: concat([
        craft({ decoded: draw.below(1000), sections: [], header: noise(draw, draw.below(20)) }),
        noise(draw, 60),
      ]),
    }),
    // A checksum notices up to three flipped bits for sure, and more but for one time in 2^32.
    "damaged bytes": (draw, { esp }) => ({ bytes: flipped(draw, esp), mustFail: true }),
    "a header of anything": (draw, { sections }) => ({
      bytes: craft({ decoded: 0, sections, header: mutated(draw, noise(draw, 1 + draw.below(12))) }),
    }),
    "damaged sections with right checksums": (draw, { version, decoded, sections }) => {
      const which = draw.below(sections.length);
      const changed = sections.map((section, i) => (i === which ? mutated(draw, section) : section));
      return { bytes: craft({ version, decoded, sections: changed }), size: decoded };
    },
    "sections of anything": (draw, { version, decoded, sections }) => {
      const changed = sections.map((section, i) =>
        i === 0 ? section : noise(draw, draw.below(2 * section.length + 8)),
      );
      return { bytes: craft({ version, decoded, sections: changed }), size: decoded };
    },
    "damaged graphs with right checksums": (draw, { version, graph, sections }) => {
      const changed = mutated(draw, graph);
      const size = sizeOf(changed, sections.length - 1);
      const section = graphSection(changed, { stored: draw.below(4) > 0 });
      return { bytes: craft({ version, decoded: size, sections: [section, ...sections.slice(1)] }), size };
    },
    "a tensor of any type and shape": (draw) => {
      const dims = Array.from({ length: draw.below(6) }, () => draw.below(draw.below(4) === 0 ? 70 : 8));
      const graph = modelOf({ type: draw.below(25), dims, raw: new Uint8Array(0) });
      const size = sizeOf(graph, 1);
      return { bytes: craft({ version: 2, decoded: size, sections: [graphSection(graph), stream(draw)] }), size };
    },
  };
}

interface Case {
  readonly bytes: Uint8Array;
  /** Whether it must be refused. */
  readonly mustFail?: boolean;
  /** Bytes of the file if there is one. */
  readonly size?: number;
}

/** The start of a stream that is likely to go on, and anything. */
function stream(draw: Random): Uint8Array {
  const coder = new RangeEncoder();
  coder.raw(draw.below(4), 2);
  const sparse = draw.below(2);
  coder.raw(sparse, 1);
  if (sparse) codeNumber(coder, draw.below(60));
  coder.raw(draw.below(8), 5);
  codeNumber(coder, draw.below(2) * draw.below(100));
  return concat([coder.finishBeforeMore(), noise(draw, draw.below(100))]);
}

function noise(draw: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => draw.below(256));
}

function flipped(draw: Random, bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  const places = new Set(Array.from({ length: 1 + draw.below(3) }, () => draw.below(8 * bytes.length)));
  for (const place of places) changed[place >> 3] ^= 1 << (place & 7);
  return changed;
}

/** Bytes with a few changes: flipped bits, other bytes, pieces left out, doubled or put in, an end cut off. */
function mutated(draw: Random, bytes: Uint8Array): Uint8Array {
  let changed = bytes;
  for (let times = 1 + draw.below(4); times > 0; times--) {
    const at = draw.below(changed.length + 1);
    const [before, behind] = [changed.subarray(0, at), changed.subarray(at)];
    const some = draw.below(8);
    switch (draw.below(6)) {
      case 0:
        changed = changed.length > 0 ? flipped(draw, changed) : changed;
        break;
      case 1:
        changed = concat([before, noise(draw, Math.min(some, behind.length)), behind.subarray(some)]);
        break;
      case 2:
        changed = concat([before, behind.subarray(some)]);
        break;
      case 3:
        changed = concat([before, behind.subarray(0, some), behind]);
        break;
      case 4:
        changed = concat([before, noise(draw, some), behind]);
        break;
      case 5:
        changed =
          draw.below(4) === 0
            ? before.slice()
            : concat([before, new Uint8Array(some).fill(255), behind.subarray(some)]);
    }
  }
  return changed;
}

/** What a graph holds when its holes are filled, if that is little. */
function sizeOf(graph: Uint8Array, tensors: number): number {
  if (tensors === 0) return graph.length;
  try {
    const size = filledSize(graph, tensors);
    return size > MOST ? graph.length : size;
  } catch {
    return graph.length;
  }
}
