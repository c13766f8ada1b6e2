import { csvFormatRows } from "d3-dsv";
import { settingNames, settingText } from "../../report/settings.ts";
import type { SweepRow } from "./table.ts";

/** The rows of a sweep as CSV. */
export function csvOf(rows: readonly SweepRow[]): string {
  const names = settingNames(rows);
  const spreads = ["test", "validation", "bytes", "nonzero"] as const;
  const head = [
    "row",
    "stage",
    ...names,
    "seeds",
    "measure",
    ...spreads.flatMap((each) => [each, `${each} deviation`]),
  ];
  const cells = rows.map((row) => [
    row.row,
    row.stage,
    ...names.map((name) => settingText(row.settings[name])),
    row.seeds.length,
    row.measure?.name ?? "",
    ...spreads.flatMap((each) => [row[each]?.mean ?? "", row[each]?.deviation ?? ""]),
    row.isFront ? "yes" : "",
    row.commands.join(" && "),
  ]);
  return `${csvFormatRows([[...head, "front", "command"], ...cells].map((row) => row.map(String)))}\n`;
}
