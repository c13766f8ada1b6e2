import type { CodedTensor } from "./coded.ts";
import { isCoded } from "./constant.ts";

/** Is told where an element of a matrix is, and what. */
export type Visit = (row: number, column: number, value: number) => void;

/** The elements of a matrix that are not zero. */
export interface Elements {
  /** How many there are at most. */
  readonly most: number;
  /** What lies behind one another: the elements of a row, or of a column. */
  readonly order: "rows" | "columns";
  /** True if they may be gone through twice at little cost. */
  readonly quick: boolean;
  /** Gives each once: line by line, and in a line in order. */
  each(visit: Visit): void;
}

/** How the elements of a tensor lie in a matrix. */
export interface Place {
  /** Elements of a line of the tensor. */
  readonly width: number;
  /** Whether lines are rows of the matrix (the default), or columns. */
  readonly order?: Elements["order"];
  /** Where in the matrix a line begins, whose other elements are zero; default: at its edge. */
  readonly first?: (line: number) => number;
  /** What every element is multiplied by; default 1. */
  readonly factor?: number;
}

/** The elements of a tensor as those of a matrix. */
export function elementsOf(
  source: Float32Array | CodedTensor,
  { width, order = "rows", first = () => 0, factor = 1 }: Place,
): Elements {
  const byRows = order === "rows";
  const placing = (visit: Visit) => {
    let [line, start, shift] = [0, 0, first(0)];
    return (at: number, value: number) => {
      if (value === 0) return;
      if (at >= start + width) {
        line = Math.floor(at / width);
        [start, shift] = [line * width, first(line)];
      }
      const across = at - start + shift;
      if (byRows) visit(line, across, factor * value);
      else visit(across, line, factor * value);
    };
  };
  if (isCoded(source) && source.most !== undefined) {
    const { most, quick } = source;
    return { most, order, quick, each: (visit) => source.floats(placing(visit)) };
  }
  const data = isCoded(source) ? new Float32Array(source.bytes().buffer) : source;
  return {
    most: countOf(data),
    order,
    quick: true,
    each(visit) {
      const place = placing(visit);
      for (let at = 0; at < data.length; at++) if (data[at] !== 0) place(at, data[at]);
    },
  };
}

function countOf(data: Float32Array): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) count++;
  return count;
}

/** The same elements, which may be gone through twice. */
export function quickly(elements: Elements): Elements {
  if (elements.quick) return elements;
  const { most, order } = elements;
  const [rows, columns, values] = [new Uint32Array(most), new Uint32Array(most), new Float32Array(most)];
  let count = 0;
  elements.each((row, column, value) => {
    [rows[count], columns[count]] = [row, column];
    values[count++] = value;
  });
  return {
    most: count,
    order,
    quick: true,
    each(visit) {
      for (let i = 0; i < count; i++) visit(rows[i], columns[i], values[i]);
    },
  };
}
