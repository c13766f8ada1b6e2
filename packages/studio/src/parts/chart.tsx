import type * as Plots from "@observablehq/plot";
import type { PlotOptions } from "@observablehq/plot";
import { useEffect, useRef } from "preact/hooks";

export type Plot = typeof Plots;

interface ChartProps {
  /** What it shows, for who does not see it. */
  readonly label: string;
  /** Makes the chart of what there is to draw. */
  readonly options: (plot: Plot) => PlotOptions;
  /** What it is drawn of: it is drawn anew when one of these is another. */
  readonly of: readonly unknown[];
}

const HEIGHT = 230;

/** A chart by Observable Plot, which is loaded when the first is drawn. */
export function Chart({ label, options, of }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let wanted = true;
    void import("@observablehq/plot").then((plot) => {
      const { current } = place;
      if (!wanted || !current) return;
      const width = Math.max(280, current.clientWidth);
      const style = { background: "transparent", fontSize: "12px" };
      const drawn = plot.plot({ width, height: HEIGHT, marginTop: 18, marginRight: 18, style, ...options(plot) });
      drawn.removeAttribute("title");
      current.replaceChildren(drawn);
    });
    return () => {
      wanted = false;
    };
  }, of);
  return <div ref={place} class="chart" role="img" aria-label={label} />;
}
