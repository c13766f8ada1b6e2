import { useState } from "preact/hooks";
import type { Teacher } from "../steps.ts";
import { NumberField } from "./field.tsx";
import { Form, NEEDS_INPUTS, type StepFormProps, TeacherField } from "./form.tsx";

/** Removes whole units. */
export function UnitsForm({ inputs, obstacles, disabled, onStart }: StepFormProps) {
  const [rate = 2, setRate] = useState<number>();
  const [epochs = 6, setEpochs] = useState<number>();
  const [seed = 1, setSeed] = useState<number>();
  const [teacher, setTeacher] = useState<Teacher>(inputs?.labelled ? "labels" : "imitate");
  return (
    <Form
      says="Removes the units that matter least for their size, in rounds, with all that depends on them, and retrains what is left after each: the network is smaller and faster in any runtime."
      start="Remove units"
      disabled={disabled}
      lacks={inputs ? obstacles[0] : NEEDS_INPUTS}
      onSubmit={() => onStart({ kind: "units", rate, epochs, teacher, seed })}
    >
      <NumberField
        label="Rate"
        hint="all weights / those that are left"
        min={1}
        step="any"
        value={rate}
        onChange={setRate}
      />
      <NumberField label="Epochs in a round" min={1} value={epochs} onChange={setEpochs} />
      <TeacherField labelled={inputs?.labelled ?? false} value={teacher} onChange={setTeacher} />
      <NumberField label="Seed" value={seed} onChange={setSeed} />
    </Form>
  );
}
