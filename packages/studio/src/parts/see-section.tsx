import { lookAtInputs, measureCurve, measureSensitivity, time } from "../state/actions.ts";
import { busy, inputs, look, points, sensitivities } from "../state/studio.ts";
import type { Version } from "../told.ts";
import { milliseconds } from "../words.ts";
import { Curve } from "./curve.tsx";
import { Looks } from "./looks.tsx";
import { Section } from "./section.tsx";
import { SensitivityChart } from "./sensitivity-chart.tsx";
import { WorkLine } from "./work-line.tsx";

/** What the network can lose, measured here and now. */
export function SeeSection({ version }: { readonly version: Version }) {
  const cannot = busy.value !== undefined || inputs.value === undefined;
  const seen = look.value;
  return (
    <Section
      id="see"
      title="See"
      lead="What it can lose, how fast it is, and what it says: measured here, on your inputs."
    >
      <div class="row">
        <button type="button" disabled={cannot} onClick={() => void measureSensitivity()}>
          Sensitivity of layers
        </button>
        <button type="button" disabled={cannot} onClick={() => void measureCurve()}>
          Size against fidelity
        </button>
        <button type="button" disabled={cannot} onClick={() => void time()}>
          Time one sample
        </button>
        <button type="button" disabled={cannot} onClick={() => void lookAtInputs()}>
          A few inputs
        </button>
      </div>
      {inputs.value === undefined && <p class="soft small">This needs inputs.</p>}
      <WorkLine about="see" />
      {version.timing && <Timing timing={version.timing} />}
      {sensitivities.value.length > 0 && <SensitivityChart curves={sensitivities.value} />}
      {points.value.length > 0 && <Curve points={points.value} />}
      {seen && <Looks look={seen} />}
    </Section>
  );
}

function Timing({ timing: { dense, sparse, notes } }: { readonly timing: NonNullable<Version["timing"]> }) {
  return (
    <>
      <dl class="facts">
        {dense !== undefined && (
          <div>
            <dt>One sample, dense</dt>
            <dd>
              {milliseconds(dense)} <small>ONNX Runtime</small>
            </dd>
          </div>
        )}
        {sparse !== undefined && (
          <div>
            <dt>One sample, sparse</dt>
            <dd>
              {milliseconds(sparse)} <small>espalier-runtime</small>
            </dd>
          </div>
        )}
      </dl>
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </>
  );
}
