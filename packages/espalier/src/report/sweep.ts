import * as Plot from "@observablehq/plot";
import type { Measure } from "../tasks/measure.ts";
import { axisText, nameText, valueText } from "../tasks/words.ts";
import { roundRates } from "./axes.ts";
import { type Chart, renderChart } from "./chart.ts";
import { LEAF, lookOf } from "./colours.ts";
import { bytesText, commandLine, digits, headline } from "./figures.ts";
import { html } from "./html.ts";
import { page } from "./page.ts";
import { settingNames, settingText } from "./settings.ts";
import { table } from "./table.ts";

type AboutMeasure = Pick<Measure, "name" | "unit" | "better">;

/** A mean, and how far apart the values are where there are two or more. */
export interface ReportedSpread {
  readonly mean: number;
  readonly deviation?: number;
}

/** A combination of options over its seeds. */
export interface ReportedRow {
  readonly row: number;
  readonly stage: string;
  /** What tells it from others, by name. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seeds: readonly number[];
  readonly measure?: AboutMeasure;
  readonly test?: ReportedSpread;
  readonly bytes?: ReportedSpread;
  readonly isFront: boolean;
  readonly commands: readonly string[];
}

/** All that the page of a sweep shows. */
export interface SweepReport {
  readonly name: string;
  readonly command: string;
  readonly rows: readonly ReportedRow[];
  readonly points: readonly { readonly row: number; readonly seed: number; readonly failed?: string }[];
  readonly threads: number;
  readonly version: string;
  readonly processor: string;
}

/** Renders a sweep as one HTML page that needs nothing else. */
export function renderSweep(report: SweepReport): string {
  const { name, command, rows, points, threads, version, processor } = report;
  const failed = points.filter((point) => point.failed !== undefined);
  const names = settingNames(rows);
  const head = ["#", "stage", ...names, "seeds", "test", "size", "front"];
  const cells = rows.map((row) => [
    String(row.row),
    row.stage,
    ...names.map((each) => settingText(row.settings[each])),
    row.seeds.length,
    row.measure && row.test
      ? `${nameText(row.measure)} ${spreadText(row.test, (x) => judgedText(row.measure, x))}`
      : "",
    row.bytes ? spreadText(row.bytes, bytesText) : "",
    row.isFront ? "yes" : "",
  ]);
  return page(
    name,
    html`<h1>${name}</h1>
${commandLine(command)}
${headline([
  [String(points.length - failed.length), "jobs done"],
  [String(failed.length), "failed"],
  [String(rows.length), "combinations"],
])}
<p class="soft">Means over seeds, ± the standard deviation; on the test split. ${threads === 1 ? "One thread" : `${threads} threads`} for each job; ${version}, on ${processor}.</p>
${measuresIn(rows).map(({ measure, shown }) => html`<figure>${renderChart(sizeChart(shown, measure), `${nameText(measure)} against size`)}<figcaption>Test ${nameText(measure)} against the size of the file. The line joins networks than which none is both smaller and better.</figcaption></figure>`)}
<h2>All combinations</h2>
${table({ label: "What each combination of options gave", head, rows: cells, words: [1] })}
${failed.length > 0 ? html`<h2>What failed</h2>${table({ label: "Jobs that failed", head: ["#", "seed", "why"], rows: failed.map(({ row, seed, failed = "" }) => [String(row), seed, failed]), words: [2] })}` : html``}
<h2>Commands</h2>
<p class="soft">Each of them by itself, for its first seed.</p>
${rows.map(({ row, commands }) => html`<h3>${String(row)}</h3>${commands.map(commandLine)}`)}`,
  );
}

const judgedText = (measure: AboutMeasure | undefined, value: number) => (measure ? valueText(measure, value) : "");

/** "1.54% ± 0.03%" */
function spreadText({ mean, deviation }: ReportedSpread, text: (value: number) => string): string {
  return deviation === undefined || deviation === 0 ? text(mean) : `${text(mean)} ± ${text(deviation)}`;
}

type Shown = ReportedRow & { readonly test: ReportedSpread; readonly bytes: ReportedSpread };

/** The measures by which rows are judged, each with those rows. */
function measuresIn(rows: readonly ReportedRow[]): readonly { measure: AboutMeasure; shown: readonly Shown[] }[] {
  const isShown = (row: ReportedRow): row is Shown => row.test !== undefined && row.bytes !== undefined;
  const measures = new Map(rows.flatMap(({ measure }) => (measure ? [[measure.name, measure] as const] : [])));
  return [...measures.values()].flatMap((measure) => {
    const shown = rows.filter(isShown).filter((row) => row.measure?.name === measure.name);
    return shown.length > 0 ? [{ measure, shown }] : [];
  });
}

/** A measure against the size of files, with the spread over seeds and the front. */
function sizeChart(rows: readonly Shown[], measure: AboutMeasure): Chart {
  const stages = [...new Set(rows.map(({ stage }) => stage))];
  const place = { x: (row: Shown) => row.bytes.mean, y: (row: Shown) => row.test.mean };
  const told = (row: Shown) =>
    `${row.row}, ${row.stage}${Object.entries(row.settings)
      .map(([name, value]) => `, ${name} ${settingText(value)}`)
      .join("")}: ${bytesText(row.bytes.mean)}, ${spreadText(row.test, (x) => valueText(measure, x))}`;
  const front = rows.filter(({ isFront }) => isFront).sort((a, b) => a.bytes.mean - b.bytes.mean);
  const spreads = rows.filter(({ test }) => test.deviation !== undefined);
  const sizes = rows.map(({ bytes }) => bytes.mean);
  const lookOfRow = ({ stage }: Shown) => lookOf(stages.indexOf(stage)).colour;
  return {
    description: `Test ${nameText(measure)} against the size of the file, of ${rows.length} combinations. ${rows.map(told).join("; ")}.`,
    series: { names: stages, roomFrom: Number.POSITIVE_INFINITY },
    draw: (width): Plot.PlotOptions => ({
      height: width < 500 ? 280 : 340,
      marginTop: 28,
      marginLeft: 52,
      marginRight: 44,
      marginBottom: 40,
      x: {
        label: "size of the file",
        type: "log",
        grid: true,
        ticks: roundRates(Math.min(...sizes), Math.max(...sizes), width / 80),
        tickFormat: bytesText,
      },
      y: { label: axisText(measure, "test"), grid: true, nice: true },
      marks: [
        Plot.line(front, { ...place, stroke: LEAF, strokeWidth: 1.5, curve: "step-after" }),
        Plot.ruleX(spreads, {
          x: place.x,
          y1: ({ test }: Shown) => test.mean - (test.deviation ?? 0),
          y2: ({ test }: Shown) => test.mean + (test.deviation ?? 0),
          stroke: lookOfRow,
          strokeOpacity: 0.6,
        }),
        Plot.dot(rows, { ...place, r: 4, fill: lookOfRow, title: told }),
        Plot.text(rows, { ...place, text: ({ row }: Shown) => digits(row), dy: -12, fill: "currentColor" }),
      ],
    }),
  };
}
