import { csvParseRows } from "d3-dsv";
import { UserError } from "../../errors.ts";
import { readDataFile } from "../read-file.ts";

/** The name of a label file that is looked for in the folder of photographs. */
export const LABEL_FILE = "labels.csv";

/** What the first column may be called in a first row that names the columns. */
const HEADINGS = /^(file|filename|file name|image|path|name)$/i;

/**
 * Reads labels from a CSV file: a photograph and its label a row, and a first row of headings or none.
 * @returns the label of each photograph by its path from the folder
 * @throws UserError when it cannot be read, a row has other than two cells, or a photograph has two labels
 */
export function readLabelFile(path: string): ReadonlyMap<string, string> {
  const rows = csvParseRows(new TextDecoder().decode(readDataFile(path)));
  const labels = new Map<string, string>();
  for (const [i, row] of rows.entries()) {
    const [file, label] = row.map((cell) => cell.trim());
    if (i === 0 && HEADINGS.test(file)) continue;
    if (row.length === 1 && file === "") continue;
    if (row.length !== 2 || file === "" || label === "") {
      throw new UserError(
        `${path} has ${row.length} cells in row ${i + 1}: give a photograph and its label, "a.jpg,7".`,
      );
    }
    const name = file.replace(/^\.\//, "");
    if (labels.has(name) && labels.get(name) !== label) {
      throw new UserError(`${path} gives ${name} a second label in row ${i + 1}: give each photograph one.`);
    }
    labels.set(name, label);
  }
  return labels;
}
