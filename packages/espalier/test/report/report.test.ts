import { decode } from "fast-png";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { roundRates } from "../../src/report/axes.ts";
import { colours, seriesColours, variables } from "../../src/report/colours.ts";
import { histogram } from "../../src/report/histogram.ts";
import { html } from "../../src/report/html.ts";
import { inputImage, maskImage } from "../../src/report/mask-image.ts";
import { renderReport } from "../../src/report/render.ts";
import { picture, report } from "./run.ts";

const page = renderReport(report);
const { document } = parseHTML(page);
const all = (selector: string) => Array.from(document.querySelectorAll(selector));

describe("the report", () => {
  it("shows what came out", () => {
    for (const text of [
      "12.0x",
      "22,186",
      "266,610",
      "1.49%",
      "1.51% while dense",
      "1.07 MB",
      "81 s",
      "28 bands",
      "round 3",
    ]) {
      expect(page).toContain(text);
    }
    // Four charts at three widths, and a histogram for each layer.
    expect(all("svg[role=img]")).toHaveLength(4 * 3 + 4);
    expect(page.match(/<tr>/g)).toHaveLength(6);
  });

  it("escapes what it is given", () => {
    expect(page).toContain("LeNet &lt;on&gt; MNIST");
    expect(page).toContain("a &amp; b");
    expect(all("script")).toHaveLength(1);
    expect(page).not.toContain("<script>alert");
    expect(html`<b title="${'"'}">${[html`<i>${"<"}</i>`]}${1}</b>`.markup).toBe('<b title="&quot;"><i>&lt;</i>1</b>');
  });

  it("needs no network, and is under 2 MB", () => {
    const elsewhere = page
      .replaceAll(/http:\/\/www\.w3\.org\/[\w/]+/g, "")
      .match(/https?:|@import|url\(|<link|src="(?!data:)/g);
    expect(elsewhere).toBeNull();
    expect(page.length).toBeLessThan(2_000_000);
  });

  it("names and describes each chart, under ids of its own", () => {
    const charts = all("svg[role=img]");
    const named = charts.map((chart) => {
      const [title, description] = ["aria-labelledby", "aria-describedby"].map((name) =>
        document.getElementById(chart.getAttribute(name) ?? ""),
      );
      expect(title?.parentNode).toBe(chart);
      expect(description?.textContent?.length).toBeGreaterThan(20);
      return title?.textContent;
    });
    expect(named).toContain("Sensitivity of each layer");
    const ids = all("[id]").map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("draws charts for each width in letters of one size", () => {
    const widths = all(".chart > div > svg").map((svg) => Number(svg.getAttribute("width")));
    expect(new Set(widths)).toEqual(new Set([320, 340, 560, 900]));
    for (const svg of all("svg[role=img]")) {
      expect(svg.getAttribute("viewBox")).toMatch(new RegExp(`^0 0 ${svg.getAttribute("width")} `));
      expect(svg.getAttribute("style")).toContain("font-size:12px");
    }
  });

  it("has a value for each point", () => {
    const told = all(".drawn-340 circle > title").map(({ textContent }) => textContent);
    expect(told).toContain("fc2, density 10%: 4.00%");
    expect(told).toContain("round 3, epoch 15: 1.08%");
    expect(told).toContain("round 3, epoch 15: 25.0% kept");
    expect(told).toContain("18.0x: 1.90%, too far off");
    expect(all("rect > title")[0].textContent).toMatch(/^-?[\d.]+ to -?[\d.]+: \d+ before, \d+ after$/);
  });

  it("has tables that scroll by keyboard, and whose cells are headed", () => {
    expect(all("table")).toHaveLength(1);
    for (const box of all(".scroll")) {
      expect([box.getAttribute("role"), box.getAttribute("tabindex")]).toEqual(["region", "0"]);
      expect(box.getAttribute("aria-label")).toBe("What is left of each layer");
    }
    expect(all("thead th").every((head) => head.getAttribute("scope") === "col")).toBe(true);
    expect(all("tbody th").map((head) => head.getAttribute("scope"))).toEqual(
      report.layers.concat(report.layers[0]).map(() => "row"),
    );
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

describe("colours", () => {
  /** The contrast of two colours (WCAG 2.2). */
  function contrast(a: string, b: string): number {
    const luminance = (colour: string) => {
      const [red, green, blue] = [1, 3, 5].map((at) => {
        const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  }

  it.each(["light", "dark"] as const)("of text and series are told from %s paper", (scheme) => {
    const { ink, soft, leaf, wood, paper, card } = colours;
    for (const colour of [ink, soft, leaf, wood, ...seriesColours]) {
      for (const ground of [paper, card]) expect(contrast(colour[scheme], ground[scheme])).toBeGreaterThanOrEqual(4.5);
    }
    expect(variables(scheme)).toContain(`--series-8: ${seriesColours[7][scheme]};`);
  });
});

describe("rates on an axis", () => {
  it.each([
    [1.5, 14, 5, [2, 3, 5, 7, 10]],
    [1.5, 14, 4, [2, 5, 10]],
    [3, 400, 3, [10, 100]],
    [1.15, 1.4, 5, [1.2, 1.3, 1.4]],
    [1.21, 1.24, 5, [1.21, 1.24]],
    [2.3, 2.3, 5, [2.3]],
  ])("from %f to %f are at most %i round ones", (low, high, most, expected) => {
    expect(roundRates(low, high, most)).toEqual(expected);
  });
});
