import { decode } from "fast-png";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { Head } from "../../src/adoption/heads.ts";
import { writeInput } from "../../src/data/images/network-input.ts";
import type { Preprocessing } from "../../src/data/preprocessing.ts";
import { renderCompression } from "../../src/report/compression.ts";
import { pictureOf, planesOf } from "../../src/report/samples/picture.ts";
import { samplesSection } from "../../src/report/samples/render.ts";
import { said } from "../../src/report/samples/said.ts";
import { argmax, ctc, decision } from "../../src/tasks/fidelity/positions.ts";
import { boxes, iou } from "../../src/tasks/fidelity/regions.ts";
import { cosine } from "../../src/tasks/fidelity/vectors.ts";
import { compression } from "./run.ts";

const head = (given: Partial<Head>): Head => ({
  name: "output",
  kind: "softmax",
  shape: [1, 3],
  classes: 3,
  inner: 1,
  dense: false,
  ...given,
});
const picture = [80, 60] as const;

describe("a sample as a picture", () => {
  it.each(["RGB", "BGR"] as const)("is what it was before it was prepared, from %s in either layout", (channels) => {
    const pixels = Uint8Array.from({ length: 16 * 20 * 3 }, (_, i) => (7 * i) % 256);
    for (const layout of ["NCHW", "NHWC"] as const) {
      const preprocessing: Preprocessing = {
        crop: [16, 20],
        channels,
        mean: [104, 117, 123],
        scale: [1 / 58, 1 / 57, 1 / 56],
        layout,
      };
      const input = new Float32Array(pixels.length);
      writeInput(pixels, preprocessing, input);
      const planes = planesOf({ shape: layout === "NHWC" ? [16, 20, 3] : [3, 16, 20] }, layout);
      if (!planes) throw new Error("It is no picture.");
      const { width, height, png } = pictureOf(input, planes, preprocessing);
      expect([width, height]).toEqual([20, 16]);
      expect(Uint8Array.from(decode(png).data)).toEqual(pixels);
    }
  });

  it("goes from black to white where nobody says how it was prepared, and is made smaller", () => {
    const planes = planesOf({ shape: [1, 16, 700] });
    if (!planes) throw new Error("It is no picture.");
    const values = Float32Array.from({ length: 16 * 700 }, (_, i) => (i % 700 < 350 ? -2 : 6));
    const { width, height, png } = pictureOf(values, planes, undefined);
    expect([width, height]).toEqual([700, 16]);
    const shown = decode(png);
    expect([shown.width, shown.height, shown.data[0], shown.data[232]]).toEqual([233, 5, 0, 255]);
  });

  it("stays one pixel high where it is very wide", () => {
    const planes = planesOf({ shape: [1, 16, 6400] });
    if (!planes) throw new Error("It is no picture.");
    const values = Float32Array.from({ length: 16 * 6400 }, (_, i) => (i % 6400 < 3200 ? 0 : 1));
    const shown = decode(pictureOf(values, planes, undefined).png);
    expect([shown.width, shown.height]).toEqual([400, 1]);
    expect(Array.from(shown.data)).toEqual(Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : 255)));
  });

  it.each([[[3, 8, 8]], [[2, 64, 64]], [[64, 64]], [[16]], [[1, 512, 1]]])("is none of the shape %o", (shape) => {
    expect(planesOf({ shape })).toBeUndefined();
  });
});

describe("what a network says of a sample", () => {
  it("is boxes, as parts of the picture, however they are counted", () => {
    const heads = [
      head({ name: "scores", shape: [1, 2, 2], classes: 2 }),
      head({ name: "boxes", kind: "values", shape: [1, 2, 4], classes: 4 }),
    ];
    const scores = Float32Array.of(0.1, 0.9, 0.8, 0.2);
    const judge = { measure: boxes, outputs: [0, 1] };
    const parts = said(judge, heads, [scores, Float32Array.of(0.25, 0.5, 0.5, 0.75, 0, 0, 1, 1)], { picture });
    expect(parts).toEqual({ kind: "boxes", boxes: [[0.25, 0.5, 0.5, 0.75]] });
    const pixels = said(judge, heads, [scores, Float32Array.of(20, 30, 40, 45, 0, 0, 1, 1)], { picture });
    expect(pixels).toEqual(parts);
  });

  it("is a map of what is above one half, or of classes that are not the first", () => {
    const sigmoid = head({ kind: "sigmoid", shape: [1, 1, 2, 3], classes: 3 });
    const above = said({ measure: iou, outputs: [0] }, [sigmoid], [Float32Array.of(0, 0.6, 0.4, 1, 0, 0.51)], {
      picture,
    });
    const present = Uint8Array.of(0, 1, 0, 1, 0, 1);
    expect(above).toEqual({ kind: "map", width: 3, height: 2, present });
    const classes = head({ shape: [1, 2, 2, 3], classes: 2, inner: 6 });
    const named = said(
      { measure: argmax, outputs: [0] },
      [classes],
      [Float32Array.of(0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9)],
      { picture },
    );
    expect(named).toEqual({ kind: "map", width: 3, height: 2, present });
  });

  it("is what classes spell, in characters where they are known", () => {
    const steps = head({ shape: [1, 4, 3] });
    const values = [Float32Array.of(0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1)];
    const words = (characters?: readonly string[]) =>
      said({ measure: ctc, outputs: [0] }, [steps], values, { characters, picture });
    expect(words(["a", "b"])).toEqual({ kind: "words", text: "ab" });
    expect(words()).toEqual({ kind: "words", text: "classes 1 2" });
  });

  it("is a class, or a decision", () => {
    const words = (measure: typeof argmax, own: Head, ...values: number[]) =>
      said({ measure, outputs: [0] }, [own], [Float32Array.from(values)], { picture });
    expect(words(argmax, head({}), 0.1, 0.7, 0.2)).toEqual({ kind: "words", text: "class 1, 70.0%" });
    expect(words(argmax, head({ kind: "values" }), 5, 7, 2)).toEqual({ kind: "words", text: "class 1" });
    const sigmoid = head({ kind: "sigmoid", shape: [1, 1], classes: 1 });
    expect(words(decision, sigmoid, 0.8)).toEqual({ kind: "words", text: "yes, 80.0%" });
    expect(words(decision, { ...sigmoid, shape: [1, 3] }, 0.8, 0.2, 0.6)).toEqual({ kind: "words", text: "0, 2" });
    expect(words(cosine, head({ kind: "values" }), 1, 2, 3)).toBeUndefined();
  });
});

describe("the report of a compression", () => {
  const page = renderCompression(compression);
  const { document } = parseHTML(page);
  const texts = (selector: string) =>
    Array.from(document.querySelectorAll(selector)).map(({ textContent }) => textContent);

  it("shows sizes, fidelity, and what labels say", () => {
    for (const text of ["11.4x", "412 kB", "4.7 MB before", "98.10%", "12.90%", "12.50% before"]) {
      expect(page).toContain(text);
    }
    const told = texts(".drawn-900 title");
    expect(told).toContain("300 kB: 71.20%, too far off");
    expect(told).toContain("380 kB with 40% of the weights: 98.40%, after 3 epochs of imitation, good enough");
  });

  it("shows what each layer got, and those that are as they came", () => {
    const rows = texts("tbody tr").map((row) => row?.replace(/\s+/g, " "));
    expect(rows).toContain("conv0whole numbers × scales9,21686.8%613.734.3 kB");
    expect(rows).toContain("embeddingas they came1,00099.0%324 kB");
  });

  it("shows inputs once, with what is said of them before and after", () => {
    const figure = document.querySelectorAll(".samples > figure")[0];
    expect(figure.querySelectorAll("image")).toHaveLength(1);
    expect(figure.querySelector("use")?.getAttribute("href")).toBe(`#${figure.querySelector("image")?.id}`);
    const rect = figure.querySelector("rect");
    expect(["x", "y", "width", "height"].map((name) => rect?.getAttribute(name))).toEqual(["8", "12", "32", "24"]);
    expect(texts(".samples figcaption")).toEqual([
      "Sample 16, boxes: 0 of 1 boxes are in both",
      "Sample 16, map: 75.0% of what either finds, both find",
      "Sample 16, text: another",
      "Sample 16, class: the same",
    ]);
    expect(page).toContain("&lt;bears&gt;");
  });

  it("draws a map that is much wider than it is high", () => {
    const map = { kind: "map", width: 1000, height: 2, present: new Uint8Array(2000).fill(1) } as const;
    const outputs = [{ name: "map", before: map, after: map }];
    const { markup } = samplesSection([{ ...compression.samples[0], outputs }]);
    const [, png = ""] = /href="data:image\/png;base64,([^"]*)" width="80" height="60"[^>]*><\/svg>/.exec(markup) ?? [];
    const { width, height } = decode(Buffer.from(png, "base64"));
    expect([width, height]).toEqual([500, 1]);
  });
});
