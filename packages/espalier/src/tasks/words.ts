import type { Measure } from "./measure.ts";

/** A measure's name in a sentence: "error", "bits per character". */
export function nameText({ name }: Pick<Measure, "name">): string {
  return name.replaceAll("-", " ");
}

/** A value of a measure: "1.54%", or 0.01234 where it is not a percentage. */
export function valueText({ unit }: Pick<Measure, "unit">, value: number): string {
  return unit === "%" ? `${value.toFixed(2)}%` : value.toPrecision(4);
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
