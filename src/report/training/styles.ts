/** Style rules of the training page in addition to the common ones. */
export const TRAINING_STYLES = `
.callout { border-left: .3rem solid var(--serious); background: var(--wash); padding: .8rem 1rem; max-width: 60rem; white-space: pre-line; }
.place { margin: 0 0 1.25rem; } .place .bar { height: .6rem; margin: 0 0 .8rem; border-radius: .3rem; }
.place dl { display: flex; flex-wrap: wrap; gap: .5rem 2.25rem; margin: 0; }
.accuracy .number { white-space: nowrap; }
.place dd { font-size: 1.15rem; }
.live { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; margin: 0 0 1.25rem; padding: .4rem .8rem;
  background: var(--wash); border: 1px solid var(--line); border-radius: .4rem; font-size: .9rem; color: var(--soft); }
.live p { margin: 0; flex: 1 1 auto; } .live a { color: var(--ink); }
.live button { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: .35rem; padding: .15rem .7rem; cursor: pointer; }
.live button:focus-visible { outline: 2px solid var(--fill); outline-offset: 2px; } .live button[hidden] { display: none; }
.live.lost { border-color: var(--serious); } .live.lost p { color: var(--serious); }
.warnings .file { display: block; }
.seen { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 16.5rem), 1fr)); gap: 1rem 1.5rem; }
.seen article { min-width: 0; } .seen .said { margin: 0 0 .3rem; font-weight: 600; } .seen .row { flex-wrap: nowrap; } .seen figure { flex: 0 1 7rem; min-width: 0; }
.seen .row img { width: 100%; height: auto; aspect-ratio: 1; }
@media print { .live { display: none; } }
`;
