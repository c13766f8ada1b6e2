import type { Sensitivity } from "../told.ts";
import { Chart } from "./chart.tsx";

/** How the measure changes as one layer alone loses connections, a line for each layer. */
export function SensitivityChart({ curves }: { readonly curves: readonly Sensitivity[] }) {
  const [{ measure, unit }] = curves;
  const data = curves.flatMap(({ layer, points }) => points.map((point) => ({ layer, ...point })));
  const label = `${measure}${unit && ` (${unit})`}`;
  const last = curves.map(({ layer, points }) => ({
    layer,
    ...points.reduce((a, b) => (a.density < b.density ? a : b)),
  }));
  return (
    <figure>
      <h3>Sensitivity of layers</h3>
      <Chart
        label={`The ${measure} against the density of each of ${curves.length} layers, the others whole`}
        of={[curves]}
        options={(plot) => ({
          height: 280,
          marginLeft: 44,
          marginRight: 90,
          x: {
            label: "density of the layer",
            type: "log",
            reverse: true,
            tickFormat: (d: number) => `${100 * d}%`,
            ticks: 5,
          },
          y: { label, grid: true, ticks: 5 },
          color: { range: Array.from({ length: 8 }, (_, i) => `var(--series-${i + 1})`) },
          marks: [
            plot.line(data, { x: "density", y: "value", stroke: "layer", strokeWidth: 1.6, curve: "monotone-x" }),
            ...(curves.length <= 12
              ? [
                  plot.text(last, {
                    x: "density",
                    y: "value",
                    text: "layer",
                    fill: "layer",
                    textAnchor: "start",
                    dx: 6,
                  }),
                ]
              : []),
            plot.tip(data, plot.pointer({ x: "density", y: "value", title: tipOf(unit), fill: "var(--card)" })),
          ],
        })}
      />
      <figcaption>
        Each line is one layer with its smallest weights cut; the others are whole, and nothing is retrained.
      </figcaption>
    </figure>
  );
}

const tipOf = (unit: string) => (point: { readonly layer: string; readonly density: number; readonly value: number }) =>
  `${point.layer}\n${(100 * point.density).toFixed(0)}% kept: ${point.value.toFixed(2)}${unit}`;
