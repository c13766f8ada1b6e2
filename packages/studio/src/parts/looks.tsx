import type { Picture, Said } from "espalier";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Look } from "../told.ts";
import { Chart } from "./chart.tsx";

/** A few inputs with what the network said as it came, and what the chosen one says. */
export function Looks({ look }: { readonly look: Look }) {
  return (
    <div class="stack">
      <h3>A few inputs: as it came, and now</h3>
      {look.kind === "pictures" ? (
        <Pictures looks={look.looks} />
      ) : look.kind === "line" ? (
        <Line {...look} />
      ) : (
        <Numbers {...look} />
      )}
    </div>
  );
}

function Pictures({ looks }: Pick<Extract<Look, { kind: "pictures" }>, "looks">) {
  return (
    <div class="looks">
      {looks.flatMap(({ index, picture, outputs }) =>
        outputs.map(({ name, before, after }) => (
          <figure key={`${index} ${name}`}>
            <Drawn picture={picture} before={before} after={after} />
            <figcaption>
              {wordsOf(before) === wordsOf(after) ? (
                <>the same: {wordsOf(after)}</>
              ) : (
                <>
                  was {wordsOf(before)}; is <b>{wordsOf(after)}</b>
                </>
              )}
            </figcaption>
          </figure>
        )),
      )}
    </div>
  );
}

function wordsOf(said: Said): string {
  switch (said.kind) {
    case "words":
      return said.text === "" ? "nothing" : said.text;
    case "boxes":
      return `${said.boxes.length} ${said.boxes.length === 1 ? "box" : "boxes"}`;
    case "map": {
      const marked = said.present.reduce((sum, one) => sum + one, 0);
      return `${((100 * marked) / said.present.length).toFixed(1)}% marked`;
    }
  }
}

interface DrawnProps {
  readonly picture: Picture;
  readonly before: Said;
  readonly after: Said;
}

function Drawn({ picture: { width, height, png }, before, after }: DrawnProps) {
  const address = useAddress(png);
  return (
    <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label="The input, with what is said of it">
      {address && <image href={address} width={width} height={height} preserveAspectRatio="none" />}
      <Boxes said={before} of="before" size={[width, height]} />
      <Boxes said={after} of="after" size={[width, height]} />
    </svg>
  );
}

interface BoxesProps {
  readonly said: Said;
  readonly of: "before" | "after";
  readonly size: readonly [width: number, height: number];
}

function Boxes({ said, of, size: [width, height] }: BoxesProps) {
  if (said.kind === "boxes") {
    return (
      <g class={of}>
        {said.boxes.map(([x1, y1, x2, y2]) => (
          <rect
            key={`${x1} ${y1} ${x2} ${y2}`}
            class={of}
            x={x1 * width}
            y={y1 * height}
            width={(x2 - x1) * width}
            height={(y2 - y1) * height}
          />
        ))}
      </g>
    );
  }
  if (said.kind === "words" || of === "before") return null;
  return <Marked said={said} size={[width, height]} />;
}

/** A map drawn over the picture: a tint where something is. */
function Marked({ said, size }: { readonly said: Extract<Said, { kind: "map" }>; readonly size: readonly number[] }) {
  const [address, setAddress] = useState("");
  useEffect(() => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [said.width, said.height];
    const context = canvas.getContext("2d");
    if (!context) return;
    const pixels = context.createImageData(said.width, said.height);
    for (const [i, one] of said.present.entries()) if (one > 0) pixels.data.set([214, 40, 160, 140], 4 * i);
    context.putImageData(pixels, 0, 0);
    setAddress(canvas.toDataURL());
  }, [said]);
  return address ? <image href={address} width={size[0]} height={size[1]} preserveAspectRatio="none" /> : null;
}

function useAddress(png: Uint8Array): string {
  const [address, setAddress] = useState("");
  const made = useRef("");
  useEffect(() => {
    made.current = URL.createObjectURL(new Blob([new Uint8Array(png)], { type: "image/png" }));
    setAddress(made.current);
    return () => URL.revokeObjectURL(made.current);
  }, [png]);
  return address;
}

function Line({ output, before, after }: Extract<Look, { kind: "line" }>) {
  const rows = (values: readonly number[]) => values.map((value, place) => ({ place, value }));
  return (
    <figure>
      <Chart
        label={`The output ${output} along ${after.length} windows of the recordings, as it came and now`}
        of={[before, after]}
        options={(plot) => ({
          marginLeft: 40,
          x: { label: "window", ticks: 6 },
          y: { label: output, grid: true, ticks: 4 },
          marks: [
            plot.line(rows(before), {
              x: "place",
              y: "value",
              stroke: "var(--soft)",
              strokeWidth: 3,
              strokeOpacity: 0.45,
            }),
            plot.line(rows(after), { x: "place", y: "value", stroke: "var(--leaf)", strokeWidth: 1.4 }),
          ],
        })}
      />
      <figcaption>Wide and grey: as it came. Green: now.</figcaption>
    </figure>
  );
}

function Numbers({ output, rows }: Extract<Look, { kind: "numbers" }>) {
  const text = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(3))).join(", ");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label={`The first numbers of ${output}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Sample</th>
            <th scope="col">{output}, as it came</th>
            <th scope="col">now</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ index, before, after }) => (
            <tr key={index}>
              <th scope="row">{index + 1}</th>
              <td>{text(before)}</td>
              <td>{text(after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
