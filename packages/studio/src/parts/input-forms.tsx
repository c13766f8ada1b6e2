import type { Channels, Preprocessing } from "espalier";
import { useState } from "preact/hooks";
import { adjust } from "../state/actions.ts";
import { busy } from "../state/studio.ts";
import type { InputSettings } from "../told.ts";
import { Field, NumberField } from "./field.tsx";

const numbers = (text: string) =>
  text
    .split(/[x×,;\s]+/)
    .filter((part) => part !== "")
    .map((part) =>
      part
        .split("/")
        .map(Number)
        .reduce((above, below) => above / below),
    );

/** Numbers as they are written, once where all are the same: "127.5", "1/127.5". */
function written(values: readonly number[]): string {
  const [first] = values;
  return (values.every((value) => value === first) ? [first] : values).map(short).join(", ");
}

function short(value: number): string {
  const inverse = Number((1 / value).toPrecision(6));
  return String(value).length > 8 && 1 / inverse === value ? `1/${inverse}` : String(value);
}

/** What the form begins with where nothing is known. */
const USUAL: Preprocessing = {
  resize: [224, 224],
  crop: [224, 224],
  channels: "RGB",
  mean: [127.5, 127.5, 127.5],
  scale: [1 / 127.5, 1 / 127.5, 1 / 127.5],
};

/** How pictures become the network's input: as the model says, until it is changed here; it is written into the model. */
export function PictureForm({ preprocessing = USUAL }: { readonly preprocessing: Preprocessing | undefined }) {
  const [size, setSize] = useState(preprocessing.crop.join(" × "));
  const [channels, setChannels] = useState<Channels>(preprocessing.channels);
  const [mean, setMean] = useState(written(preprocessing.mean));
  const [scale, setScale] = useState(written(preprocessing.scale));
  const [fit, setFit] = useState(typeof preprocessing.resize === "number" ? "shorter" : "stretch");
  const submit = (event: Event) => {
    event.preventDefault();
    const [height, width = height] = numbers(size);
    const crop = [height, width] as const;
    const resize = fit === "stretch" ? crop : Math.min(height, width);
    const own = { resize, crop, channels, mean: numbers(mean), scale: numbers(scale) };
    void adjust({ preprocessing: own });
  };
  return (
    <form class="card stack" onSubmit={submit} aria-label="How pictures become the input">
      <div class="fields">
        <Field label="Height × width">
          <input value={size} onInput={(event) => setSize(event.currentTarget.value)} />
        </Field>
        <Field label="Fit">
          <select value={fit} onChange={(event) => setFit(event.currentTarget.value)}>
            <option value="stretch">Stretch to the size</option>
            <option value="shorter">Scale the shorter side, take the middle</option>
          </select>
        </Field>
        <Field label="Channels">
          <select value={channels} onChange={(event) => setChannels(channelsOf(event.currentTarget.value))}>
            <option>RGB</option>
            <option>BGR</option>
            <option>GRAY</option>
          </select>
        </Field>
        <Field label="Subtract">
          <input value={mean} onInput={(event) => setMean(event.currentTarget.value)} />
        </Field>
        <Field label="Then multiply by">
          <input value={scale} onInput={(event) => setScale(event.currentTarget.value)} />
        </Field>
      </div>
      <div class="row">
        <button type="submit" disabled={busy.value !== undefined}>
          Prepare pictures so
        </button>
        <span class="soft small">Written into every file that you take from here.</span>
      </div>
    </form>
  );
}

const channelsOf = (text: string): Channels => (text === "BGR" || text === "GRAY" ? text : "RGB");

/** How recordings become the network's input. */
export function AudioForm({ settings }: { readonly settings: InputSettings }) {
  const [own, change] = useState(settings);
  return (
    <form
      class="card stack"
      aria-label="How recordings become the input"
      onSubmit={(event) => {
        event.preventDefault();
        void adjust(own);
      }}
    >
      <div class="fields">
        <NumberField
          label="New samples in a window"
          placeholder="what the input has room for"
          value={own.window}
          min={1}
          onChange={(window) => change({ ...own, window })}
        />
        <NumberField
          label="Samples before it"
          placeholder="0"
          value={own.context}
          onChange={(context) => change({ ...own, context })}
        />
        <NumberField
          label="From window to window"
          placeholder="the window"
          value={own.hop}
          min={1}
          onChange={(hop) => change({ ...own, hop })}
        />
        <Field label="Samples go">
          <select
            value={own.range ?? "unit"}
            onChange={({ currentTarget: { value } }) => change({ ...own, range: value === "int16" ? "int16" : "unit" })}
          >
            <option value="unit">from -1 to 1</option>
            <option value="int16">over 16-bit whole numbers</option>
          </select>
        </Field>
      </div>
      <button type="submit" disabled={busy.value !== undefined}>
        Cut recordings so
      </button>
    </form>
  );
}
