/** The page's own style sheet: readable on a phone, in the dark, and on paper. */
export const STYLES = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6472; --line: #d9dee6; --paper: #fff; --wash: #f5f7fa;
  --serious: #b3261e; --warning: #8a5300; --held: #006d43; --fill: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #a3adba; --line: #343b46; --paper: #14181f;
  --wash: #1d232c; --serious: #ff8a80; --warning: #ffc266; --held: #6fdcaa; --fill: #4da3d9; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
body { overflow-wrap: anywhere; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: .95rem; margin: 0 0 .4rem; }
.lead { font-size: 1.1rem; color: var(--soft); margin: 0 0 1.25rem; }
.note { color: var(--soft); max-width: 48rem; }
.kicker { margin: 0 0 .3rem; color: var(--soft); font-size: .85rem; }
.model { display: grid; grid-template-columns: minmax(12rem, 1fr) 3fr; gap: .75rem 1.5rem; padding: 1rem 1.1rem; margin: 0 0 .9rem;
  background: var(--wash); border: 1px solid var(--line); border-radius: .6rem; }
.model h2 { margin: 0; font-size: 1.15rem; }
.verdict { margin: .4rem 0 0; font-weight: 600; font-size: .95rem; }
.verdict.good { color: var(--held); } .verdict.bad { color: var(--serious); } .verdict.middle, .verdict.unknown { color: var(--warning); }
.accuracies { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .9rem 1.25rem; margin: 0; align-items: start; }
.accuracy .number { font-size: 1.3rem; line-height: 2.4rem; } .accuracy.headline .number { font-size: 1.7rem; font-weight: 700; }
.accuracy .range { font-size: .8rem; color: var(--soft); }
.bar { position: relative; height: .5rem; margin-top: .3rem; border-radius: .25rem; background: var(--line); overflow: hidden; }
.bar .share { position: absolute; inset: 0 auto 0 0; background: var(--fill); }
.bar .spread { position: absolute; top: 0; bottom: 0; background: var(--ink); opacity: .35; }
.inline-bar { display: inline-block; vertical-align: baseline; width: 5rem; height: .6rem; margin-right: .6rem; border-radius: .3rem;
  background: var(--line); overflow: hidden; }
.inline-bar span { display: block; height: 100%; background: var(--fill); }
.side { display: flex; flex-wrap: wrap; gap: 0 3rem; align-items: flex-start; } .side > * { min-width: 0; max-width: 100%; }
.confusion { min-width: 0; font-size: .8rem; } .confusion th, .confusion td { padding: .25rem .4rem; text-align: center; }
.confusion thead th { white-space: nowrap; max-width: 7rem; overflow: hidden; text-overflow: ellipsis; }
.confusion.long thead th { writing-mode: vertical-rl; transform: rotate(180deg); max-width: none; max-height: 10rem; text-align: left; }
.confusion tbody th { text-align: right; font-weight: 500; }
.confusion .right { background: rgb(0 158 115 / calc(.75 * var(--share, 0))); } .confusion .wrong { background: rgb(213 94 0 / calc(.7 * var(--share, 0))); }
.corruptions td { padding-left: .5rem; background: rgb(213 94 0 / calc(.55 * var(--lost, 0))); } .corruptions .range { font-size: .75rem; color: var(--ink); opacity: .8; white-space: nowrap; }
pre { margin: .75rem 0; padding: .8rem 1rem; background: var(--wash); border: 1px solid var(--line); border-radius: .4rem; white-space: pre-wrap; }
blockquote { margin: .75rem 0; padding: .2rem 1rem; border-left: .3rem solid var(--line); max-width: 52rem; }
.filters { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; align-items: center; margin: .75rem 0 1rem; color: var(--soft); }
.filters label { min-width: 0; max-width: 100%; } .filters[hidden] { display: none; }
.filters input[type="search"], .filters select { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--line);
  border-radius: .35rem; padding: .25rem .5rem; max-width: 100%; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1.5rem; }
.shot { min-width: 0; } .shot[hidden] { display: none; }
.flip { display: flex; flex-wrap: wrap; gap: .3rem; margin: 0; padding: 0; border: 0; min-width: 0; }
.flip legend { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.flip .stack { order: -1; flex: 0 0 100%; aspect-ratio: 1; background: var(--wash); border-radius: .4rem; overflow: hidden; }
.stack img { display: none; width: 100%; height: 100%; object-fit: contain; }
.pixels { image-rendering: pixelated; }
.flip input { position: absolute; opacity: 0; width: 1px; height: 1px; }
.flip label { font-size: .78rem; padding: .1rem .5rem; border: 1px solid var(--line); border-radius: 1rem; cursor: pointer; color: var(--soft); }
.flip input:checked + label { background: var(--ink); color: var(--paper); border-color: var(--ink); }
.flip input:focus-visible + label { outline: 2px solid var(--fill); outline-offset: 2px; }
.flip input:nth-of-type(1):checked ~ .stack img:nth-child(1), .flip input:nth-of-type(2):checked ~ .stack img:nth-child(2),
.flip input:nth-of-type(3):checked ~ .stack img:nth-child(3), .flip input:nth-of-type(4):checked ~ .stack img:nth-child(4),
.flip input:nth-of-type(5):checked ~ .stack img:nth-child(5) { display: block; }
.flip .stack:hover img:nth-child(n) { display: none; } .flip .stack:hover img:nth-child(1):first-child { display: block; }
.said { margin: .5rem 0 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.card { background: var(--wash); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; }
.card h2 { margin: 0; font-size: 1.1rem; }
.subtitle { margin: 0 0 .75rem; color: var(--soft); font-size: .85rem; }
dl { display: flex; gap: 1.5rem; margin: 0 0 .75rem; align-items: flex-end; }
dt { font-size: .8rem; color: var(--soft); }
dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.strong dd { font-weight: 650; }
.meter { height: .5rem; border-radius: .25rem; background: var(--line); overflow: hidden; }
.meter div { height: 100%; background: var(--fill); }
.sentences { padding-left: 1.2rem; max-width: 48rem; }
.warnings { list-style: none; padding: 0; display: grid; gap: .6rem; }
.warnings li { border-left: .3rem solid var(--line); background: var(--wash); padding: .6rem .9rem; border-radius: 0 .4rem .4rem 0; }
.warnings .serious { border-color: var(--serious); } .warnings .serious strong { color: var(--serious); }
.warnings .warning { border-color: var(--warning); } .warnings .warning strong { color: var(--warning); }
.warnings details { margin: .4rem 0 0; } .warnings details li { border: 0; padding: .2rem 0; background: none; }
.scroll { overflow-x: auto; margin: .75rem 0 1.25rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; min-width: 60%; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { white-space: nowrap; } #checks td:nth-child(3), #checks td:last-child { white-space: normal; min-width: 13rem; } details td, #appendix td { white-space: normal; } .charts details td { white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; white-space: nowrap; }
thead th:empty { padding: 0; }
tbody th { font-weight: 550; white-space: nowrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; }
.chart { max-width: 44rem; } .chart svg { width: 100%; height: auto; }
.chart svg text { fill: var(--ink); }
.chart svg path[stroke="#dbdee4"] { stroke: var(--line); }
.chart svg path[stroke="#54555a"] { stroke: var(--soft); }
@media (max-width: 40rem) { .chart > div { overflow-x: auto; } .chart svg { min-width: 36rem; } }
.chart figcaption { font-weight: 600; margin-bottom: .4rem; }
details { margin: .5rem 0 1rem; } summary { cursor: pointer; color: var(--soft); }
.file { font-size: .78rem; color: var(--soft); margin: .15rem 0 0; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; }
.row img { width: 7rem; height: 7rem; object-fit: contain; border-radius: .25rem; image-rendering: pixelated; display: block; background: var(--wash); }
.pair img { width: 3.4rem; height: 3.4rem; margin-bottom: .2rem; }
.row figcaption { font-size: .8rem; margin-top: .15rem; color: var(--soft); }
.fooled { color: var(--serious); font-weight: 600; } .held { color: var(--held); font-weight: 600; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media (max-width: 40rem) { .model { grid-template-columns: 1fr; } h1 { font-size: 1.6rem; } }
@media print { main { max-width: none; } .shot, .card, .model, figure { break-inside: avoid; } .filters, .flip label { display: none; }
  .flip .stack { display: flex; gap: .3rem; aspect-ratio: auto; } .stack img:nth-child(-n + 2) { display: block; width: 50%; } }
`;
