import { readFileSync } from "node:fs";
import { liesBeside } from "../../../packages/espalier/src/coding/encode.ts";
import { RangeEncoder } from "../../../packages/espalier/src/coding/range-encoder.ts";
import { concat, split } from "../../../packages/espalier/src/coding/split.ts";
import { readModelFile } from "../../../packages/espalier/src/library/model-file.ts";
import type { Random } from "../../../packages/espalier/src/random.ts";
import { craft, filledSize, graphSection, sectionsOf } from "../../../packages/espalier/test/coding/craft.ts";
import { modelOf } from "../../../packages/espalier/test/coding/messages.ts";
import { outcomeOf } from "../../../packages/espalier/test/coding/outcome.ts";
import { vectors } from "../../../packages/espalier/test/coding/vectors.ts";
import { codeNumber } from "../../../packages/runtime/src/codec/bit-coder.ts";
import { flipped, mutated, noise, oneOf } from "../mutate/bytes.ts";
import { mutatedMessage } from "../mutate/protobuf.ts";
import { type Input, type Target, unlessRefused } from "../target.ts";
import { run } from "./onnx.ts";

/** A whole file, and what it is made of. */
interface Seed {
  readonly esp: Uint8Array;
  readonly version?: number;
  readonly decoded: number;
  readonly sections: readonly Uint8Array[];
  readonly graph: Uint8Array;
}

/** What must come of a file, where that is known. */
interface Expected {
  /** Whether it must be refused. */
  readonly mustFail?: boolean;
  /** Bytes of the decoded file, if there is one. */
  readonly size?: number;
}

/** Graphs that ask for more are not decoded, so that a round is quick; that they are refused is tested elsewhere. */
const MOST = 2 ** 14;

/** Decodes a file at once and in pieces, reads what is in it as a model, and runs it from its sparse form. */
async function decodeAll(bytes: Uint8Array, { mustFail, size }: Expected): Promise<boolean> {
  const { file } = outcomeOf(bytes);
  if (file && mustFail) throw new Error("The damage is not noticed.");
  if (file && size !== undefined && file.length !== size) throw new Error(`The file has ${file.length} bytes.`);
  await unlessRefused(() => readModelFile(bytes));
  if (file) await run(bytes, 1);
  return file !== undefined;
}

/** An input of sections, whose checksums are right whatever is in them. */
function ofSections(
  kind: string,
  sections: readonly Uint8Array[],
  version: number | undefined,
  decoded: number,
): Input {
  const file = (parts: readonly Uint8Array[]) => craft({ version, decoded, sections: parts });
  return { kind, parts: sections, file, read: (parts) => decodeAll(file(parts), { size: decoded }) };
}

function ofBytes(kind: string, bytes: Uint8Array, expected: Expected = {}): Input {
  return { kind, parts: [bytes], read: ([file]) => decodeAll(file, expected) };
}

const kinds: readonly ((draw: Random, seed: Seed, graphs: readonly Uint8Array[]) => Input)[] = [
  (draw) => ofBytes("noise", noise(draw, draw.below(200))),
  (draw) => {
    const crafted = craft({ decoded: draw.below(1000), sections: [], header: noise(draw, draw.below(20)) });
    return ofBytes("noise behind a prefix", concat([crafted, noise(draw, 60)]));
  },
  // A checksum notices up to three flipped bits for sure, and more but for one time in 2^32.
  (draw, { esp }) => ofBytes("flipped bits", flipped(draw, esp), { mustFail: true }),
  (draw, { sections }) =>
    ofBytes("any header", craft({ decoded: 0, sections, header: mutated(draw, noise(draw, 1 + draw.below(12))) })),
  (draw, { version, decoded, sections }) => {
    const which = draw.below(sections.length);
    const changed = sections.map((section, i) => (i === which ? mutated(draw, section) : section));
    return ofSections("changed sections", changed, version, decoded);
  },
  (draw, { version, decoded, sections }) => {
    const changed = sections.map((section, i) => (i === 0 ? section : noise(draw, draw.below(2 * section.length + 8))));
    return ofSections("sections of noise", changed, version, decoded);
  },
  (draw, { version, graph, sections }, graphs) => {
    const changed = draw.below(2) ? mutated(draw, graph) : mutatedMessage(draw, graph, graphs);
    const stored = draw.below(4) > 0;
    const file = ([own]: readonly Uint8Array[]) =>
      craft({
        version,
        decoded: sizeOf(own, sections.length - 1),
        sections: [graphSection(own, { stored }), ...sections.slice(1)],
      });
    const read = (parts: readonly Uint8Array[]) =>
      decodeAll(file(parts), { size: sizeOf(parts[0], sections.length - 1) });
    return { kind: "changed graphs", parts: [changed], file, read };
  },
  (draw) => {
    const dims = Array.from({ length: draw.below(5) }, () => draw.below(draw.below(4) === 0 ? 70 : 8));
    const graph = modelOf({ type: draw.below(25), dims, raw: new Uint8Array(0) });
    return ofSections("a tensor of any type and shape", [graphSection(graph), stream(draw)], 2, sizeOf(graph, 1));
  },
];

/** .esp files of both versions. */
export const esp: Target = {
  share: 4,
  open() {
    const seeds = vectors.map(({ name, onnx }): Seed => {
      // Not a Buffer, whose slice() does not copy.
      const bytes = new Uint8Array(readFileSync(new URL(`../../../docs/vectors/${name}.esp`, import.meta.url)));
      const { version, decoded, sections } = sectionsOf(bytes);
      return { esp: bytes, version, decoded, sections, graph: split(onnx, liesBeside).graph };
    });
    const graphs = seeds.map(({ graph }) => graph);
    return (draw) => oneOf(draw, kinds)(draw, oneOf(draw, seeds), graphs);
  },
};

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
