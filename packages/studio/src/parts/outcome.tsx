import { versions } from "../state/studio.ts";
import { doneText } from "../steps.ts";
import type { Judged, Version } from "../told.ts";
import { bytesText, milliseconds, valueText } from "../words.ts";

/** What the step that made a network came to. */
export function Outcome({
  version: { steps, facts, esp, fidelity, quality = [], timing },
}: {
  readonly version: Version;
}) {
  const [first] = versions.value;
  const last = steps.at(-1);
  if (!last || !first) return null;
  const { parameters, nonzero } = facts;
  return (
    <div class="card stack">
      <h3>{doneText(last)}</h3>
      <dl class="facts">
        <div>
          <dt>Weights left</dt>
          <dd>
            {nonzero > 0 ? `${(parameters / nonzero).toFixed(1)}x` : "–"} <small>fewer</small>
          </dd>
        </div>
        {esp !== undefined && (
          <div>
            <dt>As .esp</dt>
            <dd>
              {bytesText(esp)} <small>{(first.facts.bytes / esp).toFixed(1)}x smaller</small>
            </dd>
          </div>
        )}
        {quality.map((judged) => (
          <Judgement key={judged.on} {...judged} />
        ))}
        {fidelity && (
          <div>
            <dt>Fidelity, test</dt>
            <dd>
              {valueText(fidelity.after, fidelity.unit)} <small>{fidelity.measure}</small>
            </dd>
          </div>
        )}
        {timing?.dense !== undefined && (
          <div>
            <dt>One sample, dense</dt>
            <dd>{milliseconds(timing.dense)}</dd>
          </div>
        )}
        {timing?.sparse !== undefined && (
          <div>
            <dt>One sample, sparse</dt>
            <dd>{milliseconds(timing.sparse)}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}

function Judgement({ measure, unit, on, before, after }: Judged) {
  return (
    <div>
      <dt>
        {measure}, {on}
      </dt>
      <dd>
        {valueText(after, unit)} {before !== undefined && <small>was {valueText(before, unit)}</small>}
      </dd>
    </div>
  );
}
