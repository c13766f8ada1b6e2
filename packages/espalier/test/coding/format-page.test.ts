import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LARGEST_FILE, MAGIC, mostDecoded, PREFIX, VERSION } from "../../../runtime/src/codec/container.ts";
import { crc32 } from "../../../runtime/src/codec/crc32.ts";
import { LONGEST_TEXT } from "../../../runtime/src/codec/decode.ts";
import { DICTIONARY } from "../../../runtime/src/codec/dictionary.ts";
import { MOST_IN_CONTEXTS, wordsOf } from "../../../runtime/src/codec/element-type.ts";
import { squash, stretched } from "../../../runtime/src/codec/logistic.ts";
import { OUTLINE } from "../../../runtime/src/codec/outline.ts";
import { WORDS_OF_OUTLINES } from "../../../runtime/src/codec/words-of-outlines.ts";
import { bytesOf } from "./messages.ts";

const page = readFileSync(new URL("../../../../docs/format.md", import.meta.url), "utf8");
const hex = (value: number) => `\`0x${value.toString(16).toUpperCase().padStart(8, "0")}\``;

describe("docs/format.md says what the code does:", () => {
  it("the dictionary", () => {
    const block =
      page
        .slice(page.indexOf("## The dictionary"), page.indexOf("## The dictionary of outlines"))
        .match(/^ {4}[0-9a-f]+$/gm) ?? [];
    expect(Buffer.from(block.join("").replaceAll(" ", ""), "hex").equals(DICTIONARY)).toBe(true);
    expect(page).toContain(`1,288 bytes with the CRC-32 ${hex(crc32(DICTIONARY))}`);
    expect(DICTIONARY.length).toBe(1288);
  });

  it("the dictionary of outlines", () => {
    const block = page.slice(page.indexOf("## The dictionary of outlines")).match(/^ {4}[0-9a-f]+$/gm) ?? [];
    expect(Buffer.from(block.join("").replaceAll(" ", ""), "hex").equals(WORDS_OF_OUTLINES)).toBe(true);
    expect(page).toContain(`1,544 bytes with the CRC-32 ${hex(crc32(WORDS_OF_OUTLINES))}`);
    expect(WORDS_OF_OUTLINES.length).toBe(1544);
  });

  it("the fields of outlines", () => {
    const start = page.indexOf("### Outlines");
    const rows = [
      ...page
        .slice(start, page.indexOf("## The range decoder"))
        .matchAll(/^\| (\w[^|]+?) +\| ([\d, ]*?) *\| (.*?) *\|$/gm),
    ];
    const said = rows.map(([, , texts, messages]) => {
      const numbers = [...`${texts}, ${messages}`.matchAll(/\d+(?!\d)/g)].map(([number]) => Number(number));
      return numbers.sort((a, b) => a - b).join();
    });
    const coded = Object.values(OUTLINE).map((fields) => Object.keys(fields).join());
    expect(new Set(said)).toEqual(new Set(coded));
    expect(said).toHaveLength(coded.length);
  });

  it("the tables of the logistic function, which are those that are defined there", () => {
    const squashed = Uint16Array.from({ length: 5632 }, (_, i) => squash(i - 2816));
    expect(page).toContain(`they have the CRC-32 ${hex(crc32(bytesOf(squashed)))}; the first is 1`);
    expect(page).toContain(`they have the CRC-32 ${hex(crc32(bytesOf(stretched)))}; the first is -2307`);
    expect(stretched.length).toBe(4096);
    for (const [i, value] of squashed.entries()) {
      expect(Math.abs(value - 65536 / (1 + Math.exp((2816 - i) / 256)))).toBeLessThan(0.5);
    }
    for (const [i, value] of stretched.entries()) {
      const q = (i + 0.5) / 4096;
      expect(Math.abs(value - 256 * Math.log(q / (1 - q)))).toBeLessThan(0.5);
    }
  });

  it("no arithmetic that engines may do in their own way", () => {
    const folder = new URL("../../../runtime/src/codec/", import.meta.url);
    const exact = new Set(["abs", "ceil", "clz32", "floor", "imul", "max", "min", "round"]);
    const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
    expect(files).toContain("mixer.ts");
    for (const name of files) {
      const code = readFileSync(new URL(name, folder), "utf8").replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, "");
      const used = [...code.matchAll(/Math\.(\w+)/g)].map(([, method]) => method);
      expect(
        used.filter((method) => !exact.has(method)),
        name,
      ).toEqual([]);
      // Powers of literals are whole numbers, and known when the code is compiled.
      expect(code.match(/\*\*(?! \d)|[^\s\d] \*\*/g), name).toBeNull();
    }
  });

  it("the limits", () => {
    expect([...MAGIC, VERSION, PREFIX]).toEqual([0x89, 0x45, 0x53, 0x50, 3, 8]);
    expect([mostDecoded(1), mostDecoded(2 ** 15), mostDecoded(2 ** 30)]).toEqual([2 ** 24, 2 ** 25, LARGEST_FILE]);
    expect([LARGEST_FILE, LONGEST_TEXT, MOST_IN_CONTEXTS]).toEqual([2 ** 31 - 1, 2 ** 20, 2 ** 26]);
  });

  it("the types", () => {
    const rows = [...page.matchAll(/^\| (\d[^|]+?) +\| (\d+) +\| (\d+)[^|]*\| (float|two's complement)/gm)];
    const said = new Map<number, string>();
    for (const [, names, bits, width, order] of rows) {
      for (const [, first, last] of names.matchAll(/(?<![a-z\d])(\d+)(?: to (\d+))?/g)) {
        for (let type = Number(first); type <= Number(last ?? first); type++) {
          said.set(type, `${bits} ${width} ${order === "float"}`);
        }
      }
    }
    const coded = new Map<number, string>();
    for (let type = 0; type < 40; type++) {
      const words = wordsOf({ type, dims: [16] });
      if (words) coded.set(type, `${words.bytes / 2} ${words.width} ${words.float}`);
    }
    expect(said.size).toBe(22);
    expect([...said].sort()).toEqual([...coded].sort());
  });
});
