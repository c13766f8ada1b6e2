import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { layoutOf } from "../../../runtime/src/codec/context-tensor.ts";
import { partsOf } from "../../../runtime/src/codec/decode.ts";
import { later } from "../../../runtime/src/codec/further.ts";
import { FURTHER } from "../../../runtime/src/codec/layout.ts";
import { decode } from "../../../runtime/src/codec/whole.ts";
import { load } from "../../../runtime/src/loading/load.ts";
import { StreamDecoder } from "../../../runtime/src/loading/stream.ts";
import { vectors } from "./vectors.ts";
import { vectorFiles } from "./vectors-page.ts";

const folder = new URL("../../../../docs/vectors/", import.meta.url);
const fixture = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));

describe("the test vectors", () => {
  it("are what npm run vectors writes: today's encoder makes the very files", () => {
    const files = vectorFiles();
    for (const { path, contents } of files) {
      expect(Buffer.compare(Buffer.from(contents), fixture(path)), `${path}: run npm run vectors`).toBe(0);
    }
    expect(readdirSync(folder).sort()).toEqual(files.map(({ path }) => path).sort());
  });

  it.each(vectors)("$name decodes to its .onnx: $about", ({ name }) => {
    const [esp, onnx] = [fixture(`${name}.esp`), fixture(`${name}.onnx`)];
    expect(decode(esp)).toEqual(onnx);
    const decoder = new StreamDecoder(name, () => later);
    for (const byte of esp) decoder.push(Uint8Array.of(byte));
    expect(decoder.end()).toEqual(onnx);
  });

  it.each(vectors.filter(({ version }) => version === 2))(
    "$name: each tensor is coded as only version 2 can",
    ({ name }) => {
      const { tensors } = partsOf(fixture(`${name}.esp`), later);
      expect(tensors.length).toBeGreaterThan(0);
      expect(tensors.map(({ type, stream }) => layoutOf(stream, type).method)).toEqual(tensors.map(() => FURTHER));
    },
  );

  it.each(vectors.filter(({ version }) => version === 2))("$name, of version 2, is loaded", async ({ name }) => {
    const [esp, onnx] = [fixture(`${name}.esp`), fixture(`${name}.onnx`)];
    expect(await load(esp)).toEqual(onnx);
    const bytes = new ReadableStream({
      start(controller) {
        for (const byte of esp) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    expect(await load(new Response(bytes))).toEqual(onnx);
  });
});
