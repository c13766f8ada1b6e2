import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { decode } from "../../../src/data/images/decode.ts";
import { writeInput } from "../../../src/data/images/network-input.ts";
import type { Preprocessing } from "../../../src/data/preprocessing.ts";
import { Share } from "../../../src/data/share.ts";
import { UserError } from "../../../src/errors.ts";
import { random } from "../../../src/random.ts";
import { asTheyAre, gradient, picture, plain, put } from "./photographs.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-images-"));
afterAll(() => rmSync(folder, { recursive: true }));

const RED = [200, 40, 60];
const png = (channels: 1 | 2 | 3 | 4, depth: 8 | 16, pixel: readonly number[]) => {
  const values = Array.from({ length: 36 * channels }, (_, i) => pixel[i % channels]);
  return encode({
    width: 6,
    height: 6,
    channels,
    depth,
    data: depth === 16 ? Uint16Array.from(values) : Uint8Array.from(values),
  });
};
const frames = async () => [await plain(6, 6, RED).png().toBuffer(), await plain(6, 6, [0, 255, 0]).png().toBuffer()];

/** A PNG with one more frame behind its image (APNG: acTL, fcTL and fdAT chunks). */
async function animatedPng(): Promise<Uint8Array> {
  const [first, second] = await frames();
  const int = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  const chunk = (type: string, ...parts: Uint8Array[]) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), ...parts]);
    return Buffer.concat([int(body.length - 4), body, int(crc(body))]);
  };
  const control = (sequence: number) =>
    chunk("fcTL", int(sequence), int(6), int(6), int(0), int(0), Uint8Array.of(0, 1, 0, 10, 0, 0));
  const dataOf = (file: Buffer) => {
    const at = file.indexOf("IDAT");
    return file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4));
  };
  const at = first.indexOf("IDAT") - 4;
  const end = first.indexOf("IEND") - 4;
  const head = [first.subarray(0, at), chunk("acTL", int(2), int(0)), control(0), first.subarray(at, end)];
  return Buffer.concat([...head, control(1), chunk("fdAT", int(2), dataOf(second)), first.subarray(end)]);
}

function crc(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c;
}

describe("a photograph is decoded", () => {
  it.each<[string, string, () => Promise<Uint8Array> | Uint8Array, readonly number[]]>([
    ["JPEG", "a.jpg", () => plain(6, 6, RED).jpeg({ quality: 100 }).toBuffer(), RED],
    ["progressive JPEG", "a.JPEG", () => plain(6, 6, RED).jpeg({ progressive: true, quality: 100 }).toBuffer(), RED],
    ["greyscale JPEG", "a.jpg", () => plain(6, 6, [90, 90, 90]).toColourspace("b-w").jpeg().toBuffer(), [90, 90, 90]],
    ["PNG", "a.png", () => png(3, 8, RED), RED],
    ["PNG of 16 bits", "a.png", () => png(3, 16, [200 * 257, 40 * 257, 60 * 257]), RED],
    ["greyscale PNG", "a.png", () => png(1, 8, [77]), [77, 77, 77]],
    ["greyscale PNG of 16 bits", "a.png", () => png(1, 16, [77 * 257]), [77, 77, 77]],
    ["palette PNG", "a.png", () => plain(6, 6, RED).png({ palette: true }).toBuffer(), RED],
    ["PNG that lets half through", "a.png", () => png(4, 8, [200, 40, 60, 51]), [244, 212, 216]],
    ["PNG that lets all through", "a.png", () => png(4, 8, [0, 0, 0, 0]), [255, 255, 255]],
    ["greyscale PNG with alpha", "a.png", () => png(2, 8, [0, 51]), [204, 204, 204]],
    ["WebP", "a.webp", () => plain(6, 6, RED).webp({ lossless: true }).toBuffer(), RED],
    ["GIF", "a.gif", () => plain(6, 6, RED).gif().toBuffer(), RED],
    ["TIFF", "a.tif", () => plain(6, 6, RED).tiff().toBuffer(), RED],
    ["AVIF", "a.avif", () => plain(6, 6, RED).avif({ lossless: true }).toBuffer(), RED],
    [
      "animated GIF",
      "a.gif",
      async () =>
        sharp(await frames(), { join: { animated: true } })
          .gif()
          .toBuffer(),
      RED,
    ],
    [
      "animated WebP",
      "a.webp",
      async () =>
        sharp(await frames(), { join: { animated: true } })
          .webp({ lossless: true })
          .toBuffer(),
      RED,
    ],
    ["animated PNG", "a.png", animatedPng, RED],
    ["PNG that is called .jpg", "b.jpg", () => png(3, 8, RED), RED],
  ])("%s", async (_, name, make, colour) => {
    const pixels = await decode(put(folder, name, await make()), asTheyAre);
    expect(pixels).toHaveLength(48);
    for (const [i, value] of pixels.entries()) expect(Math.abs(value - colour[i % 3])).toBeLessThanOrEqual(2);
  });

  it("CMYK JPEG, near to what it was before it was made one", async () => {
    const cmyk = await plain(6, 6, [120, 120, 120]).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    const pixels = await decode(put(folder, "cmyk.jpg", cmyk), asTheyAre);
    for (const value of pixels) expect(Math.abs(value - 120)).toBeLessThan(20);
  });

  it.each([
    [1, (x: number, y: number) => [x, y]],
    [3, (x: number, y: number) => [7 - x, 5 - y]],
    [6, (x: number, y: number) => [y, 5 - x]],
    [8, (x: number, y: number) => [7 - y, x]],
  ] as const)("upright, by the EXIF orientation %i", async (orientation, source) => {
    const turned = await picture(8, 6).withMetadata({ orientation }).png().toBuffer();
    const [rows, columns] = orientation >= 5 ? [8, 6] : [6, 8];
    const pixels = await decode(put(folder, "turned.png", turned), { ...asTheyAre, crop: [rows, columns] });
    const own = gradient(8, 6);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const [sx, sy] = source(x, y);
        const expected = own.subarray(3 * (sy * 8 + sx), 3 * (sy * 8 + sx) + 3);
        expect([...pixels.subarray(3 * (y * columns + x), 3 * (y * columns + x) + 3)]).toEqual([...expected]);
      }
    }
  });

  it("into its middle", async () => {
    const path = put(folder, "middle.png", await picture(9, 8).png().toBuffer());
    const pixels = await decode(path, { ...asTheyAre, crop: [3, 4] });
    const own = gradient(9, 8);
    for (let y = 0; y < 3; y++) {
      const start = 3 * ((y + 2) * 9 + 2);
      expect([...pixels.subarray(12 * y, 12 * y + 12)]).toEqual([...own.subarray(start, start + 12)]);
    }
  });

  it("stretched, or scaled by its shorter side", async () => {
    const path = put(folder, "wide.png", await plain(300, 100, RED).png().toBuffer());
    const stretched = await decode(path, { ...asTheyAre, resize: [20, 10], crop: [20, 10] });
    expect(stretched).toHaveLength(600);
    const scaled = await decode(path, { ...asTheyAre, resize: 10, crop: [10, 30] });
    expect(scaled).toHaveLength(900);
    await expect(decode(path, { ...asTheyAre, resize: 10, crop: [10, 31] })).rejects.toThrow(/30 x 10 pixels/);
    for (const value of [...stretched, ...scaled]) expect(RED).toContain(value);
  });
});

describe("a photograph is refused", () => {
  const jpeg = () => picture(24, 20).jpeg({ quality: 100 }).toBuffer();
  const declaring = async (width: number, height: number) => {
    const bytes = Buffer.from(png(3, 8, RED));
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    bytes.writeUInt32BE(crc(bytes.subarray(12, 29)) >>> 0, 29);
    return bytes;
  };

  it.each<[string, () => Promise<Uint8Array | string>, RegExp]>([
    ["a text", async () => "hello, I am a photograph", /is not a photograph in JPEG, PNG/],
    ["a drawing in SVG", async () => '<svg xmlns="http://www.w3.org/2000/svg"/>', /is not a photograph/],
    ["an empty file", async () => "", /is not a photograph/],
    ["one that is cut short", async () => (await jpeg()).subarray(0, -300), /cannot be decoded/],
    ["one that is cut within its header", async () => (await jpeg()).subarray(0, 40), /cannot be decoded/],
    ["a PNG that is cut short", async () => png(3, 8, RED).subarray(0, 60), /cannot be decoded/],
    ["one that declares 60000 x 60000 pixels", () => declaring(60_000, 60_000), /declares more than 67108864 pixels/],
    ["one that is smaller than the crop", () => plain(3, 4, RED).png().toBuffer(), /has 3 x 4 pixels where 4 x 4/],
  ])("%s", async (_, make, message) => {
    const path = put(folder, "bad.jpg", await make());
    await expect(decode(path, asTheyAre)).rejects.toThrow(UserError);
    await expect(decode(path, asTheyAre)).rejects.toThrow(message);
    await expect(decode(path, asTheyAre)).rejects.toThrow(path);
  });

  it("one of 100 MB, before it is read", async () => {
    const path = join(folder, "large.jpg");
    const file = openSync(path, "w");
    writeSync(file, await jpeg());
    ftruncateSync(file, 100_000_000);
    closeSync(file);
    const before = process.memoryUsage().rss;
    await expect(decode(path, asTheyAre)).rejects.toThrow(
      /has 100000000 bytes, and photographs may have 64 MB at most/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
  });

  it("a line of pixels that would be resized to millions", async () => {
    const path = put(folder, "line.png", await plain(30_000, 1, RED).png().toBuffer());
    await expect(decode(path, { ...asTheyAre, resize: 256 })).rejects.toThrow(/too long and narrow/);
  });

  it("a file that is not there", async () => {
    await expect(decode(join(folder, "none.jpg"), asTheyAre)).rejects.toThrow(/none\.jpg cannot be decoded/);
  });

  it("bytes changed by chance, or it is decoded: nothing else happens", async () => {
    const bytes = await jpeg();
    for (let seed = 0; seed < 60; seed++) {
      const { below } = random(seed, "fuzz");
      const changed = Buffer.from(bytes);
      for (let i = 0; i < 8; i++) changed[below(changed.length)] = below(256);
      const result = await decode(put(folder, "fuzz.jpg", changed), asTheyAre).catch((error: unknown) => error);
      expect(result instanceof UserError || result instanceof Uint8Array).toBe(true);
    }
  });

  it("a pipe, which would never end", async () => {
    const path = join(folder, "pipe.jpg");
    execFileSync("mkfifo", [path]);
    await expect(decode(path, asTheyAre)).rejects.toThrow(/pipe\.jpg is not a file/);
  });
});

describe("a network's input", () => {
  const pixels = gradient(5, 4);
  it.each<[string, Pick<Preprocessing, "channels" | "mean" | "scale">, (rgb: readonly number[]) => number[]]>([
    [
      "RGB",
      { channels: "RGB", mean: [1, 2, 3], scale: [1, 0.5, 2] },
      ([r, g, b]) => [r - 1, (g - 2) * 0.5, (b - 3) * 2],
    ],
    [
      "BGR",
      { channels: "BGR", mean: [104, 117, 123], scale: [1, 1, 2] },
      ([r, g, b]) => [b - 104, g - 117, (r - 123) * 2],
    ],
    [
      "GRAY",
      { channels: "GRAY", mean: [5], scale: [1 / 255] },
      ([r, g, b]) => [(0.299 * r + 0.587 * g + 0.114 * b - 5) / 255],
    ],
  ])("is what a plain loop makes of the pixels: %s", (_, preprocessing, formula) => {
    const count = preprocessing.mean.length;
    const input = new Float32Array(count * 20);
    writeInput(pixels, preprocessing, input);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 5; x++) {
        const at = 3 * (y * 5 + x);
        const expected = formula([...pixels.subarray(at, at + 3)]);
        for (let c = 0; c < count; c++) expect(input[(c * 4 + y) * 5 + x]).toBeCloseTo(expected[c], 4);
      }
    }
  });
});

describe("photographs that are large only by their pixels", () => {
  it("are refused by their side, whatever their file's size", async () => {
    const path = join(folder, "long.png");
    await sharp({ create: { width: 40_000, height: 4, channels: 3, background: "#123" } })
      .png()
      .toFile(path);
    await expect(decode(path, asTheyAre)).rejects.toThrow(/long\.png has 40000 x 4 pixels, and a side may have 32768/);
    const narrow = join(folder, "narrow.png");
    await sharp({ create: { width: 30_000, height: 20, channels: 3, background: "#123" } })
      .png()
      .toFile(narrow);
    await expect(decode(narrow, { ...asTheyAre, resize: 40, crop: [40, 40] })).rejects.toThrow(/too long and narrow/);
  });
});

describe("a share of what is at work", () => {
  it("lets as much begin as there is room for, in order, and what needs more than all alone", async () => {
    const share = new Share(10);
    const running: number[] = [];
    let most = 0;
    const begun: number[] = [];
    const work = (amount: number) =>
      share.during(amount, async () => {
        begun.push(amount);
        running.push(Math.min(10, amount));
        most = Math.max(
          most,
          running.reduce((sum, own) => sum + own, 0),
        );
        await new Promise((resolve) => setTimeout(resolve, 2));
        running.splice(running.indexOf(Math.min(10, amount)), 1);
      });
    await Promise.all([6, 5, 40, 3, 4, 2].map(work));
    expect(begun).toEqual([6, 5, 40, 3, 4, 2]);
    expect(most).toBeLessThanOrEqual(10);
    await expect(share.during(10, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await share.during(10, () => Promise.resolve(7))).toBe(7);
  });
});
