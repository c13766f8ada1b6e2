import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BitDepth, encodeWaveFromFloat32Channels, SampleFormat } from "@echogarden/wave-codec";
import { openAudio } from "../../../packages/espalier/src/data/node/audio.ts";
import { openWave } from "../../../packages/espalier/src/data/node/wave.ts";
import type { Random } from "../../../packages/espalier/src/random.ts";
import { mutated, oneOf } from "../mutate/bytes.ts";
import { type Target, unlessRefused } from "../target.ts";
import { readSome } from "./samples.ts";

/** The chunks of a RIFF file, one behind the other. */
function chunksOf(wave: Uint8Array): Uint8Array[] {
  const view = new DataView(wave.buffer, wave.byteOffset, wave.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 12; at + 8 <= wave.length; ) {
    const size = 8 + view.getUint32(at + 4, true);
    chunks.push(wave.slice(at, at + size));
    at += size;
  }
  return chunks;
}

/** A RIFF file of chunks, its size right. */
function riffOf(chunks: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat([Buffer.from("WAVE"), ...chunks]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(body.length);
  return Uint8Array.from(Buffer.concat([Buffer.from("RIFF"), size, body]));
}

function changedChunks(draw: Random, chunks: readonly Uint8Array[]): Uint8Array[] {
  const changed = [...chunks];
  const at = draw.below(changed.length);
  const kind = draw.below(4);
  if (kind === 0) changed.splice(at, 0, changed[draw.below(changed.length)]);
  else if (kind === 1) changed.reverse();
  else if (kind === 2) changed.splice(at, 1);
  return changed.map((chunk, i) => (i === at || draw.below(4) === 0 ? mutated(draw, chunk) : chunk));
}

/** WAV files, and folders of them. */
export const wav: Target = {
  share: 10,
  open(scratch) {
    const folder = join(scratch, "recordings");
    mkdirSync(folder);
    const tone = (length: number) => Float32Array.from({ length }, (_, i) => ((i % 17) - 8) / 16);
    const wave = (channels: number, bits: BitDepth, format: SampleFormat) =>
      encodeWaveFromFloat32Channels(
        Array.from({ length: channels }, () => tone(40)),
        16_000,
        bits,
        format,
      );
    const whole = [
      wave(1, 16, SampleFormat.PCM),
      wave(2, 8, SampleFormat.PCM),
      wave(1, 24, SampleFormat.PCM),
      wave(3, 32, SampleFormat.PCM),
      wave(1, 32, SampleFormat.Float),
      wave(2, 64, SampleFormat.Float),
      wave(1, 8, SampleFormat.Alaw),
      wave(2, 8, SampleFormat.Mulaw),
    ];
    for (const name of ["b.wav", "c.wav"]) writeFileSync(join(folder, name), whole[0]);
    const read = async ([bytes]: readonly Uint8Array[]) => {
      writeFileSync(join(folder, "a.wav"), bytes);
      const found = await unlessRefused(() => {
        const recording = openWave(join(folder, "a.wav"));
        const samples = recording.samples();
        if (samples.length !== recording.length) throw new Error(`${samples.length} samples of ${recording.length}.`);
      });
      if (!found) return false;
      await unlessRefused(async () => readSome(openAudio(folder, { window: 16, context: 4, stream: true })));
      return true;
    };
    return (draw) => {
      const own = oneOf(draw, whole);
      if (draw.below(2)) return { kind: "bytes", parts: [mutated(draw, own, whole)], read };
      return {
        kind: "chunks",
        parts: changedChunks(draw, chunksOf(own)),
        file: riffOf,
        read: (parts) => read([riffOf(parts)]),
      };
    };
  },
};
