import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "espalier-runtime/codec";
import { decode } from "../../../packages/espalier/src/data/images/decode.ts";
import type { Random } from "../../../packages/espalier/src/random.ts";
import { asTheyAre, picture } from "../../../packages/espalier/test/data/images/photographs.ts";
import { mutated } from "../mutate/bytes.ts";
import { type Target, unlessRefused } from "../target.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Type and content of a PNG file's chunks. */
function chunksOf(png: Uint8Array): Uint8Array[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 8; at + 12 <= png.length; ) {
    const size = view.getUint32(at);
    chunks.push(png.slice(at + 4, at + 8 + size));
    at += 12 + size;
  }
  return chunks;
}

/** A PNG file of chunks, whose lengths and checksums are right. */
function pngOf(chunks: readonly Uint8Array[]): Uint8Array {
  const int = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  return Uint8Array.from(
    Buffer.concat([
      SIGNATURE,
      ...chunks.flatMap((chunk) => [int(Math.max(0, chunk.length - 4)), chunk, int(crc32(chunk))]),
    ]),
  );
}

function changedChunks(draw: Random, chunks: readonly Uint8Array[]): Uint8Array[] {
  const changed = [...chunks];
  const at = draw.below(changed.length);
  if (draw.below(4) === 0) changed.splice(at, draw.below(2), changed[draw.below(changed.length)]);
  return changed.map((chunk, i) => {
    if (i !== at) return chunk;
    const content = mutated(draw, chunk.subarray(4));
    return Uint8Array.from([...(draw.below(8) ? chunk.subarray(0, 4) : Buffer.from("tRNS")), ...content]);
  });
}

/** Photographs in all formats that are read. */
export const images: Target = {
  share: 2,
  async open(scratch) {
    const path = join(scratch, "fuzz.jpg");
    const drawn = () => picture(9, 7);
    const files = await Promise.all([
      drawn().png().toBuffer(),
      drawn().png({ palette: true }).toBuffer(),
      drawn().jpeg().toBuffer(),
      drawn().jpeg({ progressive: true }).withMetadata({ orientation: 6 }).toBuffer(),
      drawn().toColourspace("cmyk").jpeg().toBuffer(),
      drawn().webp().toBuffer(),
      drawn().webp({ lossless: true }).toBuffer(),
      drawn().gif().toBuffer(),
      drawn().tiff().toBuffer(),
      drawn().tiff({ compression: "lzw" }).toBuffer(),
      drawn().avif().toBuffer(),
    ]);
    const whole = files.map((file) => new Uint8Array(file));
    const chunks = chunksOf(whole[0]);
    const read = async ([bytes]: readonly Uint8Array[]) => {
      writeFileSync(path, bytes);
      const found = await unlessRefused(() => decode(path, { ...asTheyAre, resize: 6 }));
      if (found && found.value.length !== 48) throw new Error(`4 x 4 pixels come in ${found.value.length} bytes.`);
      return found !== undefined;
    };
    return (draw) => {
      if (draw.below(4) === 0) {
        return {
          kind: "PNG chunks",
          parts: changedChunks(draw, chunks),
          file: pngOf,
          read: (parts) => read([pngOf(parts)]),
        };
      }
      const which = draw.below(whole.length);
      const format = ["PNG", "PNG", "JPEG", "JPEG", "JPEG", "WebP", "WebP", "GIF", "TIFF", "TIFF", "AVIF"][which];
      return { kind: format, parts: [mutated(draw, whole[which], draw.below(8) ? [] : whole)], read };
    };
  },
};
