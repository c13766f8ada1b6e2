/** The one style sheet of a report: it follows the reader's light or dark preference and narrow screens. */
export const style = `
:root { color-scheme: light dark; --ink: #1d2a23; --soft: #5d6b63; --line: #dfe5e0; --paper: #fbfcfa; --card: #ffffff;
  --leaf: #2f7d4f; --wood: #b3632b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ede8; --soft: #9aa89f; --line: #313b35; --paper: #141a17;
  --card: #1b231f; --leaf: #6cc48f; --wood: #e39a63; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .6rem; }
p { margin: .4rem 0; max-width: 46rem; }
code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; background: var(--card); border: 1px solid var(--line);
  border-radius: .3rem; padding: .1rem .4rem; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 1.6rem 0 0; }
.figure { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.figure b { display: block; font-size: 1.55rem; line-height: 1.25; font-weight: 650; }
.figure:first-child b { color: var(--leaf); }
.figure span { color: var(--soft); font-size: .85rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .4rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
th { color: var(--soft); font-weight: 500; font-size: .85rem; }
tr:last-child td { border-bottom: 0; } .total tr:last-child td { font-weight: 650; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: .6rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.chart svg { max-width: 100%; height: auto; display: block; overflow: visible; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem 1.4rem; }
figure { margin: .8rem 0; } figcaption { color: var(--soft); font-size: .85rem; margin-top: .4rem; max-width: 46rem; }
figure h2, figure h3 { display: none; }
.texts { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem 1.4rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: .82rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace;
  background: var(--card); border: 1px solid var(--line); border-radius: .3rem; padding: .6rem .8rem; margin: 0; }
.texts h2 { margin-top: 1.2rem; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: .2em; margin: 0 .35em 0 .8em; vertical-align: -.05em; }
.leaf { background: var(--leaf); } .wood { background: var(--wood); }
img { width: 100%; max-width: 100%; image-rendering: pixelated; border: 1px solid var(--line); border-radius: .3rem; background: #fff; }
.inputs img { width: 14rem; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } th, td { padding: .35rem .45rem; } }
`;
