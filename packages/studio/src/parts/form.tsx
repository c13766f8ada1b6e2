import type { ComponentChildren } from "preact";
import type { Step, Teacher } from "../steps.ts";
import type { InputFacts, Version } from "../told.ts";
import { Field } from "./field.tsx";

/** What the form of a step is given. */
export interface StepFormProps {
  readonly version: Version;
  readonly inputs: InputFacts | undefined;
  /** Why the network cannot be trained. */
  readonly obstacles: readonly string[];
  readonly disabled: boolean;
  readonly onStart: (step: Step) => void;
}

interface FormProps {
  /** What the step does, in a sentence or two. */
  readonly says: string;
  readonly start: string;
  readonly disabled: boolean;
  /** Why it cannot be done now. */
  readonly lacks?: string | false;
  readonly onSubmit: () => void;
  readonly children?: ComponentChildren;
}

/** The form of a step, with its button. */
export function Form({ says, start, disabled, lacks, onSubmit, children }: FormProps) {
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <p>{says}</p>
      {children && <div class="fields">{children}</div>}
      <div class="row">
        <button class="primary" type="submit" disabled={disabled || Boolean(lacks)}>
          {start}
        </button>
        {lacks && <span class="soft small">{lacks}</span>}
      </div>
    </form>
  );
}

/** Why a step that learns cannot be done. */
export const NEEDS_INPUTS = "This needs inputs.";

interface TeacherFieldProps {
  readonly labelled: boolean;
  readonly value: Teacher;
  readonly onChange: (teacher: Teacher) => void;
}

/** Whom training listens to. */
export function TeacherField({ labelled, value, onChange }: TeacherFieldProps) {
  return (
    <Field label="Learn from">
      <select
        value={value}
        onChange={(event) => onChange(event.currentTarget.value === "labels" ? "labels" : "imitate")}
      >
        {labelled && <option value="labels">the labels</option>}
        <option value="imitate">the network as it came</option>
      </select>
    </Field>
  );
}
