import type { UnitGroup, UnitMember } from "../library/index.ts";
import type { Shrinkage } from "../library/prune-by-units.ts";
import { count, rate, textTable } from "./print.ts";

/** Names of which more are only counted. */
const MOST_NAMES = 3;

/** The groups of coupled units as a table, and below it why units stay. */
export function unitsText(groups: readonly UnitGroup[]): string {
  if (groups.length === 0) return "It has no units that are followed.";
  const rows = groups.map(({ layers, units, free, parts, members }) => [
    listed(layers),
    listed(readersOf(members)),
    count(units),
    count(free),
    parts > 1 ? count(parts) : "",
    count(new Set(members.map(({ initializer }) => initializer)).size),
  ]);
  const table = textTable(["units made by", "read by", "units", "may go", "in parts", "tensors"], rows, 2);
  const reasons = groups.flatMap(({ layers, units, pinned }) =>
    pinned.map(
      ({ units: some, why }) => `${some === units ? "All" : count(some)} units of ${listed(layers)} stay: they ${why}.`,
    ),
  );
  return [table, ...reasons].join("\n");
}

function readersOf(members: readonly UnitMember[]): string[] {
  return [
    ...new Set(members.flatMap(({ role, layer, initializer }) => (role === "reads" ? [layer ?? initializer] : []))),
  ];
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

/** What is smaller without some units: of each layer, and in operations and time. */
export function shrunkLines({ units, macs, speed }: Partial<Shrinkage>): string[] {
  const fewer = units?.filter(({ before, after }) => after < before) ?? [];
  return [
    ...(fewer.length > 0
      ? [
          textTable(
            ["units of", "before", "after"],
            fewer.map(({ name, before, after }) => [name, count(before), count(after)]),
          ),
        ]
      : []),
    ...(macs
      ? [`operations        ${count(macs.before)} -> ${count(macs.after)} (${rate(macs.before / macs.after)})`]
      : []),
    ...(speed
      ? [
          `${speed.runtime}  ${speed.before.toFixed(2)} ms -> ${speed.after.toFixed(2)} ms at batch ${speed.batch} (${(speed.before / speed.after).toFixed(2)}x as fast)`,
        ]
      : []),
  ];
}
