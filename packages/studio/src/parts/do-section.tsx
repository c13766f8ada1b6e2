import { useState } from "preact/hooks";
import { perform } from "../state/actions.ts";
import { busy, details, inputs, notes, pending } from "../state/studio.ts";
import { doneText, type Step, type StepKind } from "../steps.ts";
import type { Version } from "../told.ts";
import { Choices } from "./field.tsx";
import { Live } from "./live.tsx";
import { Outcome } from "./outcome.tsx";
import { QuantizeForm } from "./quantize-form.tsx";
import { Section } from "./section.tsx";
import { CompactForm, PruneForm, RetrainForm, ShareForm, SimplifyForm } from "./step-forms.tsx";
import { UnitsForm } from "./units-form.tsx";
import { WorkLine } from "./work-line.tsx";

const STEPS = {
  share: "Share",
  prune: "Prune",
  units: "Remove units",
  quantize: "Quantize",
  retrain: "Retrain",
  compact: "Remove dead units",
  simplify: "Simplify",
} as const satisfies Record<StepKind, string>;

/** What can be done to the network. */
export function DoSection({ version }: { readonly version: Version }) {
  const [kind, setKind] = useState<StepKind>("share");
  const goOn = pending.value;
  return (
    <Section id="do" title="Do" lead="Each step makes another network; the one before stays on the way.">
      <Choices label="What to do" choices={STEPS} value={kind} onChange={setKind} />
      <div class="card">
        <StepForm key={`${kind} ${version.id} ${inputs.value?.name}`} kind={kind} version={version} />
      </div>
      {goOn && busy.value === undefined && (
        <p class="notice">
          <span>“{doneText(goOn)}” was stopped. It can go on to the same result.</span>
          <button type="button" onClick={() => void perform(goOn, true)}>
            Resume
          </button>
        </p>
      )}
      <WorkLine about="do" />
      <Live />
      {notes.value.length > 0 && (
        <ul class="notes" aria-label="What is worth knowing">
          {notes.value.map((text, i) => (
            <li key={`${i} ${text}`}>{text}</li>
          ))}
        </ul>
      )}
      {busy.value?.about !== "do" && version.steps.length > 0 && <Outcome version={version} />}
    </Section>
  );
}

function StepForm({ kind, version }: { readonly kind: StepKind; readonly version: Version }) {
  const how = {
    version,
    inputs: inputs.value,
    obstacles: details.value.get(version.id)?.obstacles ?? [],
    disabled: busy.value !== undefined,
    onStart: (step: Step) => void perform(step),
  };
  switch (kind) {
    case "share":
      return <ShareForm {...how} />;
    case "prune":
      return <PruneForm {...how} />;
    case "units":
      return <UnitsForm {...how} />;
    case "quantize":
      return <QuantizeForm {...how} />;
    case "retrain":
      return <RetrainForm {...how} />;
    case "compact":
      return <CompactForm {...how} />;
    case "simplify":
      return <SimplifyForm {...how} />;
  }
}
