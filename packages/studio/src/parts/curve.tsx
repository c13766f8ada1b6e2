import { useState } from "preact/hooks";
import { perform } from "../state/actions.ts";
import { busy, pointsMeasure } from "../state/studio.ts";
import type { Point } from "../told.ts";
import { bytesText, share } from "../words.ts";
import { Chart } from "./chart.tsx";

/** The curve of size against fidelity, and a slider along it: where it stands can be made, and is timed then. */
export function Curve({ points }: { readonly points: readonly Point[] }) {
  const best = frontier(points);
  const [place, setPlace] = useState(Number.POSITIVE_INFINITY);
  const at = Math.min(place, best.length - 1);
  const point = best[at];
  if (!point) return null;
  // Rounded up, so that the point itself is within the loss.
  const maxLoss = Math.ceil((100 - point.fidelity) * 100) / 100;
  return (
    <figure class="stack">
      <h3>Size against fidelity</h3>
      <Chart
        label={`Fidelity against the bytes of ${points.length} networks that were tried`}
        of={[points, at]}
        options={(plot) => ({
          height: 260,
          marginLeft: 48,
          x: { label: "bytes of the weights", type: "log", ticks: 5, tickFormat: bytesText },
          y: { label: "fidelity (%)", grid: true, ticks: 5, nice: true },
          marks: [
            plot.line(best, { x: "bytes", y: "fidelity", stroke: "var(--leaf)", strokeWidth: 1.6 }),
            plot.dot(points, { x: "bytes", y: "fidelity", r: 2.5, fill: "var(--soft)" }),
            plot.dot([point], {
              x: "bytes",
              y: "fidelity",
              r: 6,
              fill: "var(--leaf)",
              stroke: "var(--paper)",
              strokeWidth: 2,
            }),
          ],
        })}
      />
      <label class="field">
        <span>Along the curve</span>
        <input
          type="range"
          min={0}
          max={best.length - 1}
          value={at}
          aria-valuetext={`${bytesText(point.bytes)}, fidelity ${point.fidelity.toFixed(2)}%`}
          onInput={({ currentTarget }) => setPlace(Number(currentTarget.value))}
        />
      </label>
      <div class="row">
        <span>
          <b>{bytesText(point.bytes)}</b>, fidelity <b>{point.fidelity.toFixed(2)}%</b>{" "}
          <span class="soft">
            ({pointsMeasure.value}), {share(point.density)} of the weights not zero
          </span>
        </span>
        <button
          type="button"
          disabled={busy.value !== undefined}
          onClick={() => void perform({ kind: "share", maxLoss, epochs: 0, guess: false })}
        >
          Make and time it
        </button>
      </div>
    </figure>
  );
}

/** The networks of which no other is both smaller and better, from the smallest on. */
function frontier(points: readonly Point[]): Point[] {
  let highest = Number.NEGATIVE_INFINITY;
  return points
    .toSorted((a, b) => a.bytes - b.bytes)
    .filter(({ fidelity }) => {
      const better = fidelity > highest;
      highest = Math.max(highest, fidelity);
      return better;
    });
}
