/** The page's own style sheet: readable on a phone, in the dark, and on paper. */
export const STYLES = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6472; --line: #d9dee6; --paper: #fff; --wash: #f5f7fa;
  --serious: #b3261e; --warning: #8a5300; --held: #006d43; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #a3adba; --line: #343b46; --paper: #14181f;
  --wash: #1d232c; --serious: #ff8a80; --warning: #ffc266; --held: #6fdcaa; } }
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
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.card { background: var(--wash); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; }
.card h2 { margin: 0; font-size: 1.1rem; }
.subtitle { margin: 0 0 .75rem; color: var(--soft); font-size: .85rem; }
dl { display: flex; gap: 1.5rem; margin: 0 0 .75rem; align-items: flex-end; }
dt { font-size: .8rem; color: var(--soft); }
dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.strong dd { font-weight: 650; }
.meter { height: .5rem; border-radius: .25rem; background: var(--line); overflow: hidden; }
.meter div { height: 100%; background: #0072b2; }
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
td { white-space: nowrap; } details td, #appendix td { white-space: normal; } .charts details td { white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; white-space: nowrap; }
thead th:empty { padding: 0; }
tbody th { font-weight: 550; white-space: nowrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; }
.chart svg { width: 100%; height: auto; }
.chart svg text { fill: var(--ink); }
.chart svg path[stroke="#dbdee4"] { stroke: var(--line); }
.chart svg path[stroke="#54555a"] { stroke: var(--soft); }
@media (max-width: 40rem) { .chart > div { overflow-x: auto; } .chart svg { min-width: 36rem; } }
.chart figcaption { font-weight: 600; margin-bottom: .4rem; }
details { margin: .5rem 0 1rem; } summary { cursor: pointer; color: var(--soft); }
.example { display: flex; gap: 1.5rem; padding: 1.1rem 0; border-top: 1px solid var(--line); }
.original { flex: none; } .file { font-size: .75rem; color: var(--soft); margin: .2rem 0 0; max-width: 7rem; overflow-wrap: anywhere; }
.views { display: grid; gap: .9rem; min-width: 0; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; }
.row img, .original img { width: 7rem; height: 7rem; object-fit: contain; border-radius: .25rem; image-rendering: pixelated; display: block; background: var(--wash); }
.pair img { width: 3.4rem; height: 3.4rem; margin-bottom: .2rem; }
.view figcaption, .original figcaption { font-size: .8rem; margin-top: .15rem; color: var(--soft); }
.fooled { color: var(--serious); font-weight: 600; } .held { color: var(--held); font-weight: 600; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media (max-width: 40rem) { .example { flex-direction: column; gap: .6rem; } h1 { font-size: 1.6rem; } }
@media print { main { max-width: none; } .example, .card { break-inside: avoid; } }
`;
