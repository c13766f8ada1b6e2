/** 266610 -> "266,610". */
export const count = (value: number) => Math.round(value).toLocaleString("en-US");

/** Bytes in the unit that fits: "1,066 kB", "10.8 MB". */
export function bytesText(value: number): string {
  if (value < 10_000) return `${count(value)} B`;
  return value < 1_000_000 ? `${count(value / 1000)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

/** 0.0801 -> "8.0%". */
export const share = (value: number) => `${(100 * value).toFixed(value > 0 && value < 0.001 ? 2 : 1)}%`;

/** A number of a measure with its unit: "1.2%". */
export const valueText = (value: number, unit: string) =>
  `${value.toFixed(Math.abs(value) < 10 ? 2 : 1)}${unit === "%" ? "%" : unit && ` ${unit}`}`;

/** 3.2e9 -> "3.2 G": multiply-accumulate operations. */
export function macsText(value: number): string {
  const [size, unit] = value >= 1e9 ? [1e9, " G"] : value >= 1e6 ? [1e6, " M"] : value >= 1e3 ? [1e3, " k"] : [1, ""];
  return `${(value / size).toFixed(size === 1 ? 0 : 1)}${unit}`;
}

/** Seconds: "42 s", "3 min 05 s". */
export function duration(seconds: number): string {
  const total = Math.round(seconds);
  if (total < 100) return `${total} s`;
  return `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, "0")} s`;
}

/** Milliseconds of one sample: "0.032 ms". */
export const milliseconds = (value: number) =>
  `${value < 1 ? value.toFixed(3) : value < 100 ? value.toFixed(1) : count(value)} ms`;
