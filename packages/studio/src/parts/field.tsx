import type { ComponentChildren } from "preact";

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly children: ComponentChildren;
}

/** A control with its label, and what there is to know of it. */
export function Field({ label, hint, children }: FieldProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is what it is given
    <label class="field">
      <span>{label}</span>
      {children}
      {hint && <small>{hint}</small>}
    </label>
  );
}

interface NumberFieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: number | undefined;
  readonly min?: number;
  readonly step?: number | "any";
  readonly placeholder?: string;
  readonly onChange: (value: number | undefined) => void;
}

/** A control for a number; empty: undefined. */
export function NumberField({ label, hint, value, min = 0, step = 1, placeholder, onChange }: NumberFieldProps) {
  return (
    <Field label={label} hint={hint}>
      <input
        type="number"
        min={min}
        step={step}
        value={value ?? ""}
        placeholder={placeholder}
        onInput={({ currentTarget: { value: text } }) => onChange(text === "" ? undefined : Number(text))}
      />
    </Field>
  );
}

interface ChoicesProps<Name extends string> {
  readonly label: string;
  /** By their names. */
  readonly choices: Readonly<Record<Name, string>>;
  readonly value: Name;
  readonly onChange: (value: Name) => void;
}

/** A few things of which one is chosen. */
export function Choices<Name extends string>({ label, choices, value, onChange }: ChoicesProps<Name>) {
  const names = Object.keys(choices).filter((name): name is Name => name in choices);
  return (
    <fieldset class="choices">
      <legend class="hidden">{label}</legend>
      {names.map((name) => (
        <label key={name}>
          <input type="radio" name={label} checked={name === value} onChange={() => onChange(name)} />
          {choices[name]}
        </label>
      ))}
    </fieldset>
  );
}
