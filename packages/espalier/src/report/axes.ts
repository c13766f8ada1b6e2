/**
 * An axis, in the words of Observable Plot. Plot's own types stay out of whatever signatures the package exports: they need
 * those of d3, which it does not bring along.
 */
export interface Axis {
  readonly label?: string;
  readonly type?: "linear" | "log";
  readonly reverse?: boolean;
  /** Whether it begins at zero. */
  readonly zero?: boolean;
  readonly grid?: boolean;
  /** About how many, or which. */
  readonly ticks?: number | readonly number[];
  /** A specifier of d3-format, or a function. */
  readonly tickFormat?: string | ((value: number) => string);
}

/** A logarithmic axis of compression rates, at most so many of them named. */
export function rateAxis(rates: readonly number[], most: number): Axis {
  return {
    label: "compression rate",
    type: "log",
    grid: true,
    ticks: roundRates(Math.min(...rates), Math.max(...rates), most),
    tickFormat: (rate: number) => `${Number(rate.toPrecision(3))}x`,
  };
}

const FINE = [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9];
const STEPS = [FINE, [1, 1.5, 2, 3, 4, 5, 7], [1, 2, 3, 5, 7], [1, 2, 5], [1]];

/** Round numbers within two rates, such as 1, 2, 5, 10: at most so many, the finest that are not more. */
export function roundRates(low: number, high: number, most: number): number[] {
  for (const steps of STEPS) {
    const found: number[] = [];
    for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
      found.push(...steps.map((step) => step * power).filter((rate) => rate >= low && rate <= high));
    }
    if (found.length > 0 && found.length <= most) return found;
  }
  return low === high ? [low] : [low, high];
}
