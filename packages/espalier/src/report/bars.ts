import * as Plot from "@observablehq/plot";
import { type Chart, WIDE } from "./chart.ts";
import { lookOf } from "./colours.ts";
import { digits } from "./figures.ts";

interface Bar {
  readonly group: string;
  readonly name: string;
  readonly value: number;
}

/** Letters of names that have room side by side. */
const MOST_LETTERS = 110;

/** Amounts beside each other, a bar for each; below each other where there is little room. */
export function barChart(bars: readonly Bar[], label: string): Chart {
  const inOrder = (of: (bar: Bar) => string) => [...new Set(bars.map(of))];
  const names = inOrder(({ name }) => name);
  const groups = inOrder(({ group }) => group);
  const told = ({ group, name, value }: Bar) => `${group ? `${group}, ` : ""}${name}: ${digits(value)}`;
  const common = {
    color: { type: "categorical", domain: names, range: names.map((_, i) => lookOf(i).colour) },
  } as const;
  return {
    description: `${label} as bars. ${bars.map(told).join("; ")}.`,
    draw: (width): Plot.PlotOptions => ({ ...common, ...(width < WIDE ? lying(width) : standing()) }),
  };

  function standing(): Plot.PlotOptions {
    const crowded = groups.length * names.join().length > MOST_LETTERS;
    const place = { fx: "group", x: "name", y: "value" };
    return {
      height: crowded ? 380 : 330,
      marginTop: 44,
      marginLeft: 60,
      marginBottom: crowded ? 90 : 40,
      x: { label: null, domain: names, tickRotate: crowded ? -30 : 0 },
      fx: { label: null, domain: groups },
      y: { label, grid: true, insetTop: 16 },
      marks: [
        Plot.barY(bars, { ...place, fill: "name", title: told }),
        Plot.text(bars, { ...place, text: ({ value }: Bar) => digits(value), dy: -8 }),
        Plot.ruleY([0]),
      ],
    };
  }

  function lying(width: number): Plot.PlotOptions {
    const place = { fy: "group", y: "name", x: "value" };
    const headed = groups.map((group) => ({ group }));
    return {
      height: groups.length * (24 * names.length + 26) + 50,
      marginTop: 30,
      marginBottom: 36,
      marginLeft: 12 + 6.5 * Math.min(width / 16, Math.max(...names.map((name) => name.length))),
      marginRight: 56,
      x: { label, grid: true, ticks: 3 },
      y: { label: null, domain: names },
      fy: { axis: null, domain: groups, paddingInner: 26 / (24 * names.length + 26), paddingOuter: 0 },
      marks: [
        Plot.barX(bars, { ...place, fill: "name", title: told }),
        Plot.text(bars, { ...place, text: ({ value }: Bar) => digits(value), textAnchor: "start", dx: 5 }),
        Plot.text(headed, { fy: "group", text: "group", frameAnchor: "top-left", dy: -14, fontWeight: 650 }),
        Plot.ruleX([0]),
      ],
    };
  }
}
