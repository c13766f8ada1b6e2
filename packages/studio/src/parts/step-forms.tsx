import { useState } from "preact/hooks";
import type { PruneStep, Teacher } from "../steps.ts";
import { Choices, Field, NumberField } from "./field.tsx";
import { Form, NEEDS_INPUTS, type StepFormProps, TeacherField } from "./form.tsx";

/** Shares weights within a loss of fidelity; without inputs by guess. */
export function ShareForm({ inputs, disabled, onStart }: StepFormProps) {
  const [maxLoss = 1, setMaxLoss] = useState<number>();
  const [epochs, setEpochs] = useState<number>();
  const guess = inputs === undefined;
  const says = guess
    ? "Rounds the weights, each output unit with its own scale. Without inputs, what that loses is guessed: drop some to have it measured."
    : "Rounds the weights as coarsely as keeps the outputs what they were, each output unit with its own scale, and trains coarser ones to imitate the network. It reads no labels.";
  return (
    <Form
      says={says}
      start="Share"
      disabled={disabled}
      onSubmit={() => onStart({ kind: "share", maxLoss, epochs, guess })}
    >
      <NumberField
        label="Points it may lose"
        hint="of fidelity, on inputs to choose by"
        step="any"
        value={maxLoss}
        onChange={setMaxLoss}
      />
      {!guess && (
        <NumberField
          label="Epochs of imitation"
          hint="0: none"
          placeholder="as many as there is time for"
          value={epochs}
          onChange={setEpochs}
        />
      )}
    </Form>
  );
}

const WAYS = {
  rate: "To a rate",
  loss: "As far as a loss allows",
  unlabeled: "Without training",
} as const satisfies Record<PruneStep["way"], string>;

const WAYS_SAY: Readonly<Record<PruneStep["way"], string>> = {
  rate: "Cuts connections in rounds, divided among layers by how sensitive they are, and retrains what is left after each.",
  loss: "Looks for the smallest network within a loss, in rounds of cutting and retraining.",
  unlabeled:
    "Cuts weights and fits what is left of each layer to what the layer computed. It reads no labels and trains nothing.",
};

/** Cuts connections. */
export function PruneForm({ inputs, obstacles, disabled, onStart }: StepFormProps) {
  const [way, setWay] = useState<PruneStep["way"]>("rate");
  const [rate = 10, setRate] = useState<number>();
  const [maxLoss = 0, setMaxLoss] = useState<number>();
  const [epochs = 6, setEpochs] = useState<number>();
  const [seed = 1, setSeed] = useState<number>();
  const [teacher, setTeacher] = useState<Teacher>(inputs?.labelled ? "labels" : "imitate");
  const lacks = inputs ? way !== "unlabeled" && obstacles[0] : NEEDS_INPUTS;
  return (
    <div class="stack">
      <Choices label="How to prune" choices={WAYS} value={way} onChange={setWay} />
      <Form
        says={WAYS_SAY[way]}
        start="Prune"
        disabled={disabled}
        lacks={lacks}
        onSubmit={() => onStart({ kind: "prune", way, rate, maxLoss, epochs, teacher, seed })}
      >
        {way === "rate" ? (
          <NumberField
            label="Rate"
            hint="all weights / those that are kept"
            min={1}
            step="any"
            value={rate}
            onChange={setRate}
          />
        ) : (
          <NumberField
            label="Points it may lose"
            hint="on inputs to choose by"
            step="any"
            value={maxLoss}
            onChange={setMaxLoss}
          />
        )}
        {way !== "unlabeled" && (
          <>
            <NumberField label="Epochs in a round" min={1} value={epochs} onChange={setEpochs} />
            <TeacherField labelled={inputs?.labelled ?? false} value={teacher} onChange={setTeacher} />
            <NumberField label="Seed" value={seed} onChange={setSeed} />
          </>
        )}
      </Form>
    </div>
  );
}

/** Trains further; what is zero stays so. */
export function RetrainForm({ inputs, obstacles, disabled, onStart }: StepFormProps) {
  const [epochs = 5, setEpochs] = useState<number>();
  const [seed = 1, setSeed] = useState<number>();
  const [teacher, setTeacher] = useState<Teacher>(inputs?.labelled ? "labels" : "imitate");
  return (
    <Form
      says="Trains the weights that are left; what is zero stays zero. Of labels, or of what the network said as it came."
      start="Retrain"
      disabled={disabled}
      lacks={inputs ? obstacles[0] : NEEDS_INPUTS}
      onSubmit={() => onStart({ kind: "retrain", epochs, teacher, seed })}
    >
      <NumberField label="Epochs" min={1} value={epochs} onChange={setEpochs} />
      <TeacherField labelled={inputs?.labelled ?? false} value={teacher} onChange={setTeacher} />
      <NumberField label="Seed" value={seed} onChange={setSeed} />
    </Form>
  );
}

/** Removes the units that nothing live reaches or reads. */
export function CompactForm({ disabled, onStart }: StepFormProps) {
  return (
    <Form
      says="Removes units and channels that pruning left dead, with all that depends on them: the network computes the same, and is smaller in any runtime."
      start="Remove dead units"
      disabled={disabled}
      onSubmit={() => onStart({ kind: "compact" })}
    />
  );
}

/** The same with less; here inputs are fixed, and shapes settled. */
export function SimplifyForm({ version, disabled, onStart }: StepFormProps) {
  const [fixed, setFixed] = useState<Readonly<Record<string, string>>>({});
  const [shapes, setShapes] = useState<Readonly<Record<string, string>>>({});
  const { inputs } = version.facts;
  const submit = () => {
    const fix = Object.fromEntries(given(fixed).map(([name, text]) => [name, Number(text)]));
    const shape = Object.fromEntries(given(shapes).map(([name, text]) => [name, text.split(/[x×,\s]+/).map(Number)]));
    onStart({ kind: "simplify", fix, shape });
  };
  return (
    <Form
      says="Computes what constants alone decide, holds equal constants once, takes the branches whose condition is known: the same network with less."
      start="Simplify"
      disabled={disabled}
      onSubmit={submit}
    >
      {inputs.map(({ name, shape = [] }) => (
        <Field key={`fix ${name}`} label={`Fix ${name}`} hint="empty: it is fed">
          <input
            type="number"
            step="any"
            placeholder={shape.length === 0 ? "a number" : "fed"}
            value={fixed[name] ?? ""}
            onInput={({ currentTarget: { value } }) => setFixed({ ...fixed, [name]: value })}
          />
        </Field>
      ))}
      {inputs
        .filter(({ shape = [] }) => shape.some((dim, axis) => axis > 0 && typeof dim !== "number"))
        .map(({ name, shape = [] }) => (
          <Field
            key={`shape ${name}`}
            label={`Shape of ${name}`}
            hint="with the batch, as 1x3x48x320; empty: it stays open"
          >
            <input
              placeholder={shape.map((dim) => dim ?? "?").join("x")}
              value={shapes[name] ?? ""}
              onInput={({ currentTarget: { value } }) => setShapes({ ...shapes, [name]: value })}
            />
          </Field>
        ))}
    </Form>
  );
}

const given = (texts: Readonly<Record<string, string>>) =>
  Object.entries(texts).filter(([, text]) => text.trim() !== "");
