import { busy, densities, epochs, points } from "../state/studio.ts";
import { bytesText, share } from "../words.ts";
import { Chart } from "./chart.tsx";

/** How training goes, drawn while it does: the loss, the measure, and what is left of the weights. */
export function Live() {
  const all = epochs.value.map((epoch, place) => ({ ...epoch, place: place + 1 }));
  const rounds = densities.value;
  if (all.length === 0) return <Tried />;
  const [{ measure, unit }] = all;
  const axis = { label: "epoch", ticks: Math.min(8, all.length), tickFormat: "d" };
  return (
    <div class="charts">
      <figure>
        <h3>Loss</h3>
        <Chart
          label={`The loss over ${all.length} epochs`}
          of={[epochs.value]}
          options={(plot) => ({
            marginLeft: 48,
            x: axis,
            y: { label: null, grid: true, ticks: 4, zero: true },
            marks: [
              plot.line(all, { x: "place", y: "loss", stroke: "var(--leaf)" }),
              plot.dot(all, { x: "place", y: "loss", r: 2.5, fill: "var(--leaf)" }),
            ],
          })}
        />
      </figure>
      <figure>
        <h3>
          {measure} {unit && `(${unit})`} on inputs to choose by
        </h3>
        <Chart
          label={`The ${measure} over ${all.length} epochs`}
          of={[epochs.value]}
          options={(plot) => ({
            marginLeft: 48,
            x: axis,
            y: { label: null, grid: true, ticks: 4 },
            marks: [
              plot.line(all, { x: "place", y: "value", stroke: "var(--series-1)" }),
              plot.dot(all, { x: "place", y: "value", r: 2.5, fill: "var(--series-1)" }),
            ],
          })}
        />
      </figure>
      {rounds.length > 0 && (
        <p class="soft small">
          Rounds so far:{" "}
          {rounds.map(({ density, value }) => `${share(density)} kept at ${value.toFixed(2)}${unit}`).join(", ")}.
        </p>
      )}
    </div>
  );
}

/** What a sharing has tried. */
function Tried() {
  const last = points.value.at(-1);
  if (busy.value?.about !== "do" || !last) return null;
  return (
    <p class="soft small">
      {points.value.length} sizes tried; the last: {bytesText(last.bytes)}, fidelity {last.fidelity.toFixed(2)}%.
    </p>
  );
}
