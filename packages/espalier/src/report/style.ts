import { variables } from "./colours.ts";

/** The one style sheet of a report: it follows the reader's light or dark preference and narrow screens. */
export const style = `
:root { color-scheme: light dark; ${variables("light")} }
@media (prefers-color-scheme: dark) { :root { ${variables("dark")} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .6rem; }
p { margin: .4rem 0; max-width: 46rem; }
code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; background: var(--card); border: 1px solid var(--line);
  border-radius: .3rem; padding: .1rem .4rem; overflow-wrap: anywhere; }
.command { display: block; padding: .5rem .7rem; line-height: 1.6; } .command span { white-space: nowrap; }
:focus-visible { outline: 2px solid var(--leaf); outline-offset: 3px; border-radius: .3rem; }
.soft { color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.6rem, 1fr)); gap: .7rem; margin: 1.6rem 0 0; }
.figure { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .75rem .85rem;
  display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figure dd { margin: 0; font-size: 1.35rem; line-height: 1.3; font-weight: 650; }
.figure:first-child dd { color: var(--leaf); }
.figure dt { color: var(--soft); font-size: .85rem; }
.scroll { overflow-x: auto; background: linear-gradient(to left, var(--paper) 40%, transparent) right / 3rem 100% local,
  linear-gradient(to left, var(--shade), transparent) right / .8rem 100% scroll; background-repeat: no-repeat; }
.tall { max-height: 36rem; overflow: auto; border: 1px solid var(--line); border-radius: .3rem; }
.tall thead th { position: sticky; top: 0; background: var(--paper); } .tall thead th:first-child { z-index: 1; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .4rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; font-weight: 400; }
.words { text-align: left; }
th:first-child { position: sticky; left: 0; background: var(--paper); }
thead th { color: var(--soft); font-weight: 500; font-size: .85rem; }
tr:last-child > * { border-bottom: 0; } .total tbody tr:last-child > * { font-weight: 650; }
.asked { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: .6rem 0; }
.asked dt { color: var(--soft); } .asked dd { margin: 0; overflow-wrap: anywhere; }
.chart { position: relative; container-type: inline-size; }
.chart > [class^="drawn"] { display: none; }
@container (width < 480px) { .chart > .drawn-340 { display: block; } }
@container (480px <= width < 760px) { .chart > .drawn-560 { display: block; } }
@container (width >= 760px) { .chart > .drawn-900 { display: block; } }
.chart > div > svg { width: 100%; height: auto; display: block; }
.reader { position: absolute; inset: 0; touch-action: pan-y; cursor: crosshair; }
.ring, .tip { position: absolute; display: none; pointer-events: none; }
.ring { border: 2px solid var(--ink); border-radius: 6px; }
.tip { z-index: 1; max-width: 100%; padding: .15rem .55rem; border-radius: .4rem; background: var(--ink); color: var(--paper);
  font-size: .82rem; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .2rem 0 0; padding: 0; list-style: none; font-size: .82rem; }
.legend svg { width: 28px; height: 10px; margin-right: .4rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem 1.4rem; }
figure { margin: .8rem 0; } figcaption { color: var(--soft); font-size: .85rem; margin-top: .4rem; max-width: 46rem; }
.texts { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem 1.4rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: .82rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace;
  background: var(--card); border: 1px solid var(--line); border-radius: .3rem; padding: .6rem .8rem; margin: 0; }
.texts h2 { margin-top: 1.2rem; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: .2em; margin: 0 .35em 0 .1em; vertical-align: -.05em; }
.leaf { background: var(--leaf); } .outlined { border: 2px solid; }
.mask { border: 1px solid var(--line); border-radius: .3rem; overflow: hidden; }
.mask img { display: block; width: 100%; image-rendering: pixelated; mix-blend-mode: multiply; }
@media (prefers-color-scheme: dark) { .mask img { filter: invert(1); mix-blend-mode: screen; } }
.inputs { width: 14rem; }
.samples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: .4rem 1.6rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; } .pair p, .words p { font-size: .85rem; overflow-wrap: anywhere; }
.sample { display: block; width: 100%; border: 1px solid var(--line); border-radius: .3rem; }
.small { width: 7rem; image-rendering: pixelated; } .sample rect { fill: none; stroke: #ff3ec0; stroke-width: 2; vector-effect: non-scaling-stroke; }
@media (max-width: 30rem) { main { padding: 1.5rem 1.25rem 3rem; } h1 { font-size: 1.6rem; }
  .figures { grid-template-columns: 1fr 1fr; } .figure:last-child:nth-child(odd) { grid-column: 1 / -1; }
  .asked { grid-template-columns: 1fr; } .asked dd { margin-bottom: .5rem; }
  th, td { padding: .35rem .45rem; } th:first-child { padding-left: 0; } }
@media print { .scroll { overflow: visible; } }
`;
