import { type DescField, ScalarType } from "@bufbuild/protobuf";

const TRUE = new Set(["true", "True", "t", "1"]);
const FALSE = new Set(["false", "False", "f", "0"]);
const DECIMAL = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?f?$/i;
const INTEGER = /^-?(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i;
/** Digits of the longest 64-bit integer, in octal, with what stands before them. */
const LONGEST_INTEGER = 25;

/** The value of a word in protobuf text; undefined where a field of that type cannot have it. */
export function readScalar(field: DescField, text: string): unknown {
  if (field.enum) return field.enum.values.find(({ name, number }) => name === text || String(number) === text)?.number;
  switch (field.scalar) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined;
    case ScalarType.FLOAT:
      return DECIMAL.test(text) ? Number.parseFloat(text) : undefined;
    case ScalarType.INT64:
      return integer(text);
    default: {
      const value = integer(text);
      return value === undefined ? undefined : Number(value);
    }
  }
}

/** An integer in C's decimal, octal or hexadecimal form. */
function integer(text: string): bigint | undefined {
  if (!INTEGER.test(text) || text.length > LONGEST_INTEGER) return undefined;
  const digits = text.replace("-", "");
  const size = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return digits === text ? size : -size;
}
