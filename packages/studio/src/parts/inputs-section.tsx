import { useInputs } from "../state/actions.ts";
import { busy, inputs, preview, tried } from "../state/studio.ts";
import type { InputFacts, InputKind } from "../told.ts";
import { count } from "../words.ts";
import { FilesButton } from "./files-button.tsx";
import { AudioForm, PictureForm } from "./input-forms.tsx";
import { Sample } from "./sample.tsx";
import { Section } from "./section.tsx";
import { WorkLine } from "./work-line.tsx";

const KINDS: Readonly<Record<InputKind, string>> = {
  mnist: "MNIST sample",
  random: "Random inputs",
  images: "Pictures",
  audio: "Recordings",
  npz: "NumPy archive",
  text: "Text",
};

/** What the network is measured and trained on. */
export function InputsSection() {
  const found = inputs.value;
  const isBusy = busy.value !== undefined;
  return (
    <Section
      id="inputs"
      title="Inputs"
      lead="Pictures, WAV files, an .npz or a text: drop them anywhere. Most of what follows needs no labels."
    >
      <div class="row">
        <FilesButton disabled={isBusy}>Choose files</FilesButton>
        <FilesButton folder disabled={isBusy}>
          Choose a folder
        </FilesButton>
        <button type="button" disabled={isBusy} onClick={() => void useInputs("mnist")}>
          MNIST sample
        </button>
        <button type="button" disabled={isBusy} onClick={() => void useInputs("random")}>
          Random
        </button>
      </div>
      <WorkLine about="inputs" />
      {found && <Found {...found} />}
      {tried.value === "images" && <PictureForm key={found?.name} preprocessing={found?.preprocessing} />}
      {tried.value === "audio" && <AudioForm settings={found?.settings ?? {}} />}
    </Section>
  );
}

function Found({ kind, sizes, labelled, notes }: InputFacts) {
  return (
    <>
      <p>
        <b>{KINDS[kind]}</b>: {count(sizes.train)} to learn from, {count(sizes.validation)} to choose by,{" "}
        {count(sizes.test)} to judge by, {labelled ? "with labels." : "without labels: the network imitates itself."}
      </p>
      {kind === "random" && (
        <p class="notice">
          <span>
            Nobody gave inputs, so these are random numbers of the right shapes. What they say of fidelity holds for
            noise, not for what the network is for.
          </span>
        </p>
      )}
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      {preview.value && <Sample preview={preview.value} />}
    </>
  );
}
