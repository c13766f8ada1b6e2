import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BitDepth, encodeWaveFromFloat32Channels, SampleFormat } from "@echogarden/wave-codec";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Split } from "../../src/data/dataset.ts";
import { openAudio } from "../../src/data/node/audio.ts";
import { openWave } from "../../src/data/node/wave.ts";
import { openDataset } from "../../src/data/spec.ts";
import { UserError } from "../../src/errors.ts";

const root = mkdtempSync(join(tmpdir(), "espalier-audio-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Samples that are whole 128ths, which every format holds. */
const ramp = (length: number, start = 0) => Float32Array.from({ length }, (_, i) => (((start + i) % 255) - 127) / 128);

function wave(channels: Float32Array[], rate = 16_000, bits: BitDepth = 16, format = SampleFormat.PCM): Uint8Array {
  return encodeWaveFromFloat32Channels(channels, rate, bits, format);
}

function file(path: string, contents: Uint8Array): string {
  const whole = join(root, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, contents);
  return whole;
}

async function read(split: Split, size: number): Promise<number[][]> {
  const audio = new Float32Array(split.size * size);
  await split.read(
    Array.from({ length: split.size }, (_, i) => i),
    { audio },
  );
  return Array.from({ length: split.size }, (_, i) => [...audio.subarray(i * size, (i + 1) * size)]);
}

describe("WAV files", () => {
  it.each<[BitDepth, SampleFormat]>([
    [8, SampleFormat.PCM],
    [16, SampleFormat.PCM],
    [24, SampleFormat.PCM],
    [32, SampleFormat.PCM],
    [32, SampleFormat.Float],
    [64, SampleFormat.Float],
  ])("of %s bits, format %s, give the samples that were written", (bits, format) => {
    const samples = ramp(300);
    const recording = openWave(file(`formats/${bits}-${format}.wav`, wave([samples], 8000, bits, format)));
    expect([recording.rate, recording.channels, recording.length]).toEqual([8000, 1, 300]);
    expect([...recording.samples()]).toEqual([...samples]);
  });

  it("of two channels are their mean", () => {
    const recording = openWave(
      file("formats/stereo.wav", wave([Float32Array.of(0.5, -1, 0), Float32Array.of(0, 0.5, 0.25)])),
    );
    expect([...recording.samples()]).toEqual([0.25, -0.25, 0.125]);
  });

  it("that are none, cut short, empty or not finite are refused by their name", () => {
    const whole = wave([ramp(100)]);
    const at = (name: string, bytes: Uint8Array) => openWave(file(`bad/${name}.wav`, bytes));
    expect(() => at("text", new TextEncoder().encode("RIFFWAVE, or so"))).toThrow(/text\.wav cannot be read as WAV/);
    expect(() => at("short", whole.subarray(0, 120))).toThrow(/short\.wav cannot be read as WAV .*remaining/);
    expect(() => at("empty", wave([new Float32Array(0)]))).toThrow(/empty\.wav has no samples/);
    const nan = wave([Float32Array.of(0, 1, Number.NaN)], 16_000, 32, SampleFormat.Float);
    expect(() => at("nan", nan).samples()).toThrow(/nan\.wav has NaN as sample 2/);
    const noChannels = whole.slice();
    noChannels[22] = 0;
    expect(() => at("channels", noChannels)).toThrow(/declares 0 channels/);
  });

  it("with bytes changed at random are read or refused with a sentence", () => {
    const whole = wave([ramp(40)]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(whole.length), (changes, length) => {
        const bytes = whole.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        try {
          openWave(file("random.wav", bytes)).samples();
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

describe("a folder of recordings", () => {
  it("is windows with the samples before them, zeros before the beginning, and each recording a stream", async () => {
    const [a, b] = [ramp(11), ramp(7, 100)];
    for (const part of ["train", "val", "test"]) {
      file(`parts/${part}/a.wav`, wave([a]));
      file(`parts/${part}/b.wav`, wave([b]));
    }
    const data = openAudio(join(root, "parts"), { window: 4, context: 2, stream: true });
    expect(data.inputs).toEqual([{ name: "audio", dtype: "float32", shape: [6] }]);
    expect(data.targets).toEqual([]);
    expect(data.train.size).toBe(3);
    expect(Array.from(data.train.stream?.starts ?? [])).toEqual([0, 2]);
    expect(await read(data.test, 6)).toEqual([
      [0, 0, ...a.subarray(0, 4)],
      [...a.subarray(2, 8)],
      [0, 0, ...b.subarray(0, 4)],
    ]);
  });

  it("is windows that overlap where the hop is shorter, as 16-bit numbers where they are asked for", async () => {
    const a = ramp(10);
    for (const part of ["train", "val", "test"]) file(`overlap/${part}/a.wav`, wave([a]));
    const data = openAudio(join(root, "overlap"), { window: 4, hop: 3, range: "int16" });
    expect(data.train.stream).toBeUndefined();
    const expected = [0, 3, 6].map((start) => [...a.subarray(start, start + 4)].map((sample) => sample * 32_768));
    expect(await read(data.train, 4)).toEqual(expected);
  });

  it("of one shorter than a window is followed by silence", async () => {
    for (const part of ["train", "val", "test"]) file(`short/${part}/a.wav`, wave([ramp(3)]));
    const data = openAudio(join(root, "short"), { window: 5 });
    expect(await read(data.train, 5)).toEqual([[...ramp(3), 0, 0]]);
  });

  it("without parts is divided by recordings, each whole", async () => {
    for (let i = 0; i < 10; i++) file(`flat/${i}.wav`, wave([ramp(8 * (i + 1))]));
    const data = await openDataset(`audio:${join(root, "flat")}`, { window: 8 });
    expect(data.train.size + data.validation.size + data.test.size).toBe(55);
    const again = await openDataset(`audio:${join(root, "flat")}`, { window: 8, divisionSeed: 2 });
    expect(again.test.size === data.test.size && again.validation.size === data.validation.size).toBe(false);
    const all = await openDataset(`audio:${join(root, "flat")}`, { window: 8, undivided: true });
    expect(all.test.size).toBe(55);
  });

  it("says what it cannot do", () => {
    for (const [name, rate] of [
      ["a", 16_000],
      ["b", 8000],
      ["c", 16_000],
    ] as const) {
      file(`rates/${name}.wav`, wave([ramp(20)], rate));
    }
    const folder = join(root, "rates");
    expect(() => openAudio(folder, { window: 4 })).toThrow(/b\.wav has 8000 samples a second, and 16000 are expected/);
    expect(() => openAudio(join(root, "parts"), { window: 4, sampleRate: 8000 })).toThrow(/has 16000 samples a second/);
    expect(() => openAudio(folder)).toThrow(/give window, in samples/);
    expect(() => openAudio(join(root, "nowhere"), { window: 4 })).toThrow(/Cannot read the folder/);
    mkdirSync(join(root, "none"), { recursive: true });
    expect(() => openAudio(join(root, "none"), { window: 4 })).toThrow(/There is no recording in .* \(\.wav/);
    const notes: string[] = [];
    file("two/a.wav", wave([ramp(20), ramp(20)]));
    openAudio(join(root, "two"), { window: 4, undivided: true, onNote: (text) => notes.push(text) });
    expect(notes).toEqual(["1 of 1 recordings have several channels, which are mixed into one."]);
  });
});
