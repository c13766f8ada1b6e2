import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { random } from "../../src/random.ts";
import { histogram } from "../../src/report/histogram.ts";
import { html } from "../../src/report/html.ts";
import { inputImage, maskImage } from "../../src/report/mask-image.ts";
import { renderReport } from "../../src/report/render.ts";
import type { MaskPicture, RunReport } from "../../src/report/run-report.ts";
import { error } from "../../src/tasks/measures/error.ts";

const { normal, uniform } = random(1, "report");
const weights = (size: number) => Float32Array.from({ length: size }, normal);
const picture = (rows: number, columns: number): MaskPicture => ({
  layer: "fc1",
  rows,
  columns,
  columnsPerBand: 28,
  kept: Uint8Array.from({ length: rows * columns }, () => (uniform() < 0.1 ? 1 : 0)),
});

/** A run as large as they get on MNIST. */
const report: RunReport = {
  title: "LeNet <on> MNIST",
  command: 'espalier demo --out "a & b"',
  settings: [["seed", "<script>alert(1)</script>"]],
  parameters: 266_610,
  nonzero: 22_186,
  compressionRate: 12.017,
  seconds: 81.4,
  measure: error,
  baseline: { validation: 1.28, test: 1.51 },
  pruned: { validation: 1.24, test: 1.49 },
  layers: ["fc1", "fc2", "fc3", "fc4"].map((name) => ({
    name,
    op: "Gemm",
    weights: 1000,
    kept: 80,
    density: 0.08,
    macs: 1000,
    activations: 0.4,
    macsLeft: 0.032,
  })),
  sensitivity: [
    { layer: "fc1", density: 1, value: 1.3 },
    { layer: "fc1", density: 0.1, value: 3 },
  ],
  rounds: [
    { rate: 8, value: 1.3, verdict: "within" },
    { rate: 12, value: 1.2, verdict: "chosen" },
    { rate: 18, value: 1.9, verdict: "rejected" },
  ],
  epochs: Array.from({ length: 60 }, (_, i) => ({
    round: `round ${Math.floor(i / 15)}`,
    epoch: (i % 15) + 1,
    loss: 1 / (i + 1),
    validation: 5 / (i + 1) + 1,
    density: 1 / (1 + Math.floor(i / 15)),
    learningRate: 0.1,
  })),
  histograms: ["fc1", "fc2", "fc3", "fc4"].map((layer) => ({
    layer,
    before: histogram(weights(1000), 80, [-4, 4]),
    after: histogram(weights(100), 80, [-4, 4]),
  })),
  mask: picture(300, 784),
  files: [{ name: "pruned.onnx", bytes: 1_066_969 }],
};
const page = renderReport(report);

describe("the report", () => {
  it("shows what came out", () => {
    for (const text of [
      "12.0x",
      "22,186",
      "266,610",
      "1.49%",
      "1.51% while dense",
      "1,067 kB",
      "81 s",
      "28 bands",
      "round 3",
    ]) {
      expect(page).toContain(text);
    }
    expect(page.match(/<svg/g)).toHaveLength(8);
    expect(page.match(/<tr>/g)).toHaveLength(6);
  });

  it("escapes what it is given", () => {
    expect(page).toContain("LeNet &lt;on&gt; MNIST");
    expect(page).toContain("a &amp; b");
    expect(page).not.toContain("<script");
    expect(html`<b title="${'"'}">${[html`<i>${"<"}</i>`]}${1}</b>`.markup).toBe('<b title="&quot;"><i>&lt;</i>1</b>');
  });

  it("needs no network, and is under 2 MB", () => {
    const elsewhere = page
      .replaceAll(/http:\/\/www\.w3\.org\/[\w/]+/g, "")
      .match(/https?:|@import|url\(|<link|src="(?!data:)/g);
    expect(elsewhere).toBeNull();
    expect(page.length).toBeLessThan(2_000_000);
  });

  it("does without a mask", () => {
    expect(renderReport({ ...report, mask: undefined })).not.toContain("<img");
  });
});

describe("pictures of masks", () => {
  const png = (uri: string) => decode(Buffer.from(uri.replace("data:image/png;base64,", ""), "base64"));

  it("are the mask, dark where kept", () => {
    const mask = picture(30, 56);
    const { width, height, data } = png(maskImage(mask));
    expect([width, height]).toEqual([56, 30]);
    expect(Array.from(data, (value) => (value < 128 ? 1 : 0))).toEqual([...mask.kept]);
  });

  it("sum the units of each input, laid out as the image", () => {
    const kept = new Uint8Array(3 * 56);
    for (const at of [5, 56 + 5, 112 + 5, 40]) kept[at] = 1;
    const { width, height, data } = png(inputImage({ ...picture(3, 56), kept }));
    expect([width, height]).toEqual([28, 2]);
    expect([data[5], data[40], data[0]]).toEqual([20, 255 - Math.round(235 / 3), 255]);
  });
});

describe("histograms", () => {
  it("count every value once, zeros left out", () => {
    const { edges, counts } = histogram(Float32Array.of(-1, -0.5, 0, 0.25, 0.99, 1, 5), 4, [-1, 1]);
    expect(edges).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(counts).toEqual([1, 1, 1, 2]);
  });
});
