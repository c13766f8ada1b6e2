import type { Measure } from "./measure.ts";

/** A measure's name in a sentence: "error", "bits per character". */
export function nameText({ name }: Pick<Measure, "name">): string {
  return name.replaceAll("-", " ");
}

/** A value of a measure: "1.54%", or 0.01234 where it is not a percentage. */
export function valueText({ unit }: Pick<Measure, "unit">, value: number): string {
  return unit === "%" ? `${value.toFixed(2)}%` : value.toPrecision(4);
}

/** The most digits that a fidelity is told with. */
const MOST_DIGITS = 7;

/** 99.12345 -> "99.12%", 99.99734 -> "99.9973%": two digits of how far it is from all and from nothing. */
export function fidelityText(value: number): string {
  const off = Math.min(Math.abs(value), Math.abs(100 - value));
  const digits = off === 0 ? 2 : Math.min(MOST_DIGITS, Math.max(2, 1 - Math.floor(Math.log10(off))));
  return `${value.toFixed(digits)}%`;
}

/** The error of outputs as a part of them: 0.0123 -> "1.2%"; it is infinite where the runtime refuses the network. */
export function errorText(error: number): string {
  return Number.isFinite(error) ? `${(100 * error).toPrecision(2)}%` : "refused";
}

/** What an axis of a measure's values says: "validation error, %". */
export function axisText(measure: Pick<Measure, "name" | "unit">, part: string): string {
  return `${part} ${nameText(measure)}${measure.unit ? `, ${measure.unit}` : ""}`;
}

/**
 * Values of a measure under the names that JSON has for them: those of an error end in "Error", as validationError; the
 * field `value` is `error` itself. All others keep their names.
 */
export function inFields<Values extends Readonly<Record<string, number | undefined>>>(
  { name }: Pick<Measure, "name">,
  values: Values,
): Readonly<Record<string, number | undefined>> {
  if (name !== "error") return values;
  return Object.fromEntries(
    Object.entries(values).map(([field, value]) => [field === "value" ? "error" : `${field}Error`, value]),
  );
}
