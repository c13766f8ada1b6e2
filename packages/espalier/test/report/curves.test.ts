import { describe, expect, it } from "vitest";
import { drawn, WIDE, WIDTHS } from "../../src/report/chart.ts";
import { curveChart } from "../../src/report/curves.ts";

/** Where the names of curves that end at these values stand, from above, with the values' own places. */
function namesOf(ends: readonly number[], type: "linear" | "log") {
  const points = ends.flatMap((y, i) => [
    { series: `curve ${i}`, x: 1, y: 100 },
    { series: `curve ${i}`, x: 2, y },
  ]);
  const { markup } = drawn(curveChart(points, { x: {}, y: { type } }), "curves", WIDE);
  const names = markup.matchAll(/translate\(8,(-?[\d.]+)\)[^>]*><text[^>]*translate\([\d.]+,([\d.]+)\)[^>]*>curve \d/g);
  return [...names].map(([, moved, place]) => ({ moved: Number(moved), place: Number(place) }));
}

describe("the names of curves", () => {
  it.each(["linear", "log"] as const)("stand at their ends where these are far apart, on a %s axis", (type) => {
    const names = namesOf(type === "log" ? [10, 1, 0.1] : [70, 40, 10], type);
    expect(names).toHaveLength(3);
    for (const { moved } of names) expect(Math.abs(moved)).toBeLessThan(0.001);
  });

  it("do not lie on each other", () => {
    const places = namesOf([10, 9.9, 9.8], "log").map(({ moved, place }) => moved + place);
    expect(places).toHaveLength(3);
    expect(places[1] - places[0]).toBeGreaterThan(12);
    expect(places[2] - places[1]).toBeGreaterThan(12);
  });

  it("stay beside the chart, however many there are", () => {
    const names = namesOf(
      Array.from({ length: 40 }, (_, i) => 10 + i / 100),
      "linear",
    );
    const places = names.map(({ moved, place }) => moved + place).sort((a, b) => a - b);
    expect(places).toHaveLength(40);
    for (let i = 1; i < 40; i++) expect(places[i] - places[i - 1]).toBeGreaterThan(12);
    expect(places[0]).toBeGreaterThan(20);
    expect(places[39]).toBeLessThan(40 * 15 + 40);
  });

  it("are in a legend where there is no room", () => {
    expect(WIDTHS[0]).toBeLessThan(WIDE);
    const chart = curveChart(
      [
        { series: "a", x: 1, y: 1 },
        { series: "b", x: 1, y: 2 },
      ],
      { x: {}, y: {} },
    );
    expect(drawn(chart, "t", WIDTHS[0]).markup).not.toMatch(/<text[^>]*>a</);
    expect(chart.series).toMatchObject({ names: ["a", "b"], roomFrom: WIDE });
  });
});
