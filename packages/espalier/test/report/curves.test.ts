import { describe, expect, it } from "vitest";
import { curveChart } from "../../src/report/curves.ts";

/** Where the names of curves that end at these values stand, from above, with the values' own places. */
function namesOf(ends: readonly number[], type: "linear" | "log") {
  const points = ends.flatMap((y, i) => [
    { series: `curve ${i}`, x: 1, y: 100 },
    { series: `curve ${i}`, x: 2, y },
  ]);
  const { markup } = curveChart(points, { x: {}, y: { type } });
  const names = markup.matchAll(/translate\(8,([\d.]+)\)[^>]*><text[^>]*translate\([\d.]+,([\d.]+)\)[^>]*>curve \d/g);
  return [...names].map(([, moved, place]) => ({ moved: Number(moved), place: Number(place) }));
}

describe("the names of curves", () => {
  it.each(["linear", "log"] as const)("stand at their ends where these are far apart, on a %s axis", (type) => {
    const names = namesOf(type === "log" ? [10, 1, 0.1] : [70, 40, 10], type);
    expect(names).toHaveLength(3);
    for (const { moved } of names) expect(moved).toBe(0);
  });

  it("do not lie on each other", () => {
    const places = namesOf([10, 9.9, 9.8], "log").map(({ moved, place }) => moved + place);
    expect(places).toHaveLength(3);
    expect(places[1] - places[0]).toBeGreaterThan(12);
    expect(places[2] - places[1]).toBeGreaterThan(12);
  });
});
