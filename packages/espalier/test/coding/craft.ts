import { codeNumber } from "../../../runtime/src/codec/bit-coder.ts";
import { CHECKSUM, checkOf, MAGIC, PREFIX, readHeader, readPrefix } from "../../../runtime/src/codec/container.ts";
import { crc32 } from "../../../runtime/src/codec/crc32.ts";
import { wordsOf } from "../../../runtime/src/codec/element-type.ts";
import { piecesOf, varintOf } from "../../../runtime/src/codec/messages.ts";
import { codeText } from "../../../runtime/src/codec/text.ts";
import { RangeEncoder } from "../../src/coding/range-encoder.ts";
import { concat } from "../../src/coding/split.ts";

/** What a file says and holds; its checksums are right, whatever that is. */
export interface Crafted {
  readonly decoded: number;
  /** The graph's section, then each tensor's. */
  readonly sections: readonly Uint8Array[];
  /** What the header says of the lengths of the sections; default: the truth. */
  readonly lengths?: readonly number[];
  /** Bytes in place of the header. */
  readonly header?: Uint8Array;
  readonly version?: number;
}

/** An .esp file with right checksums that no encoder would write. */
export function craft({ decoded, sections, lengths, header, version = 1 }: Crafted): Uint8Array<ArrayBuffer> {
  const said = header ?? concat([decoded, ...(lengths ?? sections.map(({ length }) => length))].map(varintOf));
  const prefix = Uint8Array.of(...MAGIC, version, said.length & 255, said.length >> 8, 0);
  prefix[PREFIX - 1] = checkOf(prefix);
  const checked = sections.flatMap((section) => [section, checksum(crc32(section))]);
  return concat([prefix, said, checksum(crc32(said, crc32(prefix))), ...checked]);
}

function checksum(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

/** A section that holds a graph, stored (which is quick) or as text. @param length what it says of its length */
export function graphSection(graph: Uint8Array, { stored = true, length = graph.length } = {}): Uint8Array {
  const coder = new RangeEncoder();
  coder.raw(stored ? 1 : 0, 1);
  codeNumber(coder, length);
  if (stored) return concat([coder.finishBeforeMore(), graph]);
  codeText(coder, graph.slice());
  return coder.finish();
}

/** Bytes of the file when the holes of its graph are filled. @throws Damage when it has more of them */
export function filledSize(graph: Uint8Array, holes: number): number {
  const pieces = piecesOf(graph, wordsOf, holes);
  return pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.bytes), 0);
}

/** The header and the sections of a file that is whole. */
export function sectionsOf(esp: Uint8Array): Crafted & { readonly sections: readonly Uint8Array[] } {
  const prefix = esp.subarray(0, PREFIX);
  let at = PREFIX + readPrefix(prefix, "") + CHECKSUM;
  const { decoded, sections } = readHeader(prefix, esp.subarray(PREFIX, at), "", esp.length);
  return {
    version: esp[4],
    decoded,
    sections: sections.map((length) => {
      at += length + CHECKSUM;
      return esp.slice(at - length - CHECKSUM, at - CHECKSUM);
    }),
  };
}
