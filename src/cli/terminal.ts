import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { OpenOptions } from "../data/index.js";
import { printable, printableLines, writeError, writeOut } from "./streams.js";

/** A command's output: data on stdout, everything else on stderr. */
export interface Terminal {
  /** For people, on stderr; silent with `--quiet`. */
  note(text: string): void;
  /** Always, on stderr. */
  warn(text: string): void;
  /** The command's result: text, or with `--json` the data. */
  result(text: string, data: unknown): void;
  progress(total: number, unit: string): Progress;
}

/** A progress bar with the time left on a terminal; elsewhere an occasional line. */
export interface Progress {
  at(done: number, text: string): void;
  /** A line above the bar. */
  say(text: string): void;
  stop(): void;
}

export interface TerminalOptions {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** Milliseconds between two lines if there is no terminal for a bar. */
const LINE_INTERVAL = 10_000;

export function createTerminal({ json = false, quiet = false }: TerminalOptions): Terminal {
  const line = (text: string): void => writeError(`${text}\n`);
  return {
    note: (text) => (quiet ? undefined : line(text)),
    warn: (text) => line(`warning: ${text}`),
    result(text, data) {
      writeOut(`${json ? JSON.stringify(data, null, 2) : text}\n`);
    },
    progress(total, unit) {
      if (quiet) return { at: () => {}, say: () => {}, stop: () => {} };
      return process.stderr.isTTY ? barProgress(total, unit) : lineProgress(total, unit, line);
    },
  };
}

function barProgress(total: number, unit: string): Progress {
  const bars = new MultiBar(
    {
      format: `{bar} {percentage}% {value}/{total} ${unit} | {left} left | {text}`,
      stream: process.stderr,
      // A process that is killed must leave the terminal as it was, so cut lines instead of turning off wrapping.
      hideCursor: false,
      linewrap: true,
      barsize: 24,
      clearOnComplete: false,
      // Computation blocks the thread, so redraw on demand and not by a timer.
      fps: 1000,
      noTTYOutput: false,
    },
    Presets.shades_classic,
  );
  const clock = createClock(total);
  const bar: SingleBar = bars.create(total, 0, { text: "", left: "…" });
  return {
    at(done, text) {
      bar.update(done, { text: printable(text), left: clock(done) });
      bars.update();
    },
    say(text) {
      bars.log(`${printableLines(text)}\n`);
      bars.update();
    },
    stop: () => bars.stop(),
  };
}

function lineProgress(total: number, unit: string, line: (text: string) => void): Progress {
  const clock = createClock(total);
  let last = -Infinity;
  return {
    at(done, text) {
      const left = clock(done);
      const now = performance.now();
      if (now - last < LINE_INTERVAL && done < total) return;
      last = now;
      const percent = Math.floor((100 * done) / Math.max(1, total));
      line(`${String(percent).padStart(3)}% ${done}/${total} ${unit} | ${left} left | ${text}`);
    },
    say: line,
    stop: () => {},
  };
}

/** Time left from the pace since the first call. */
function createClock(total: number): (done: number) => string {
  let first: { readonly at: number; readonly done: number } | undefined;
  return (done) => {
    const now = performance.now();
    first ??= { at: now, done };
    if (done <= first.done) return "…";
    return formatSeconds(((now - first.at) / 1000 / (done - first.done)) * (total - done));
  };
}

/** `9 s`, `4 min 05 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (value: number): string => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** Columns as wide as their cells; the first is left-aligned, the others right-aligned. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
    )
    .map((row) => row.trimEnd())
    .join("\n");
}

/** 0.9437 → `94.4 %` */
export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Most skipped files to list by name. */
const NAMED = 5;

/** Warns once about each dataset in which `--skip-unreadable` skipped files. */
export function createSkippedWarner(terminal: Terminal): NonNullable<OpenOptions["onSkipped"]> {
  const said = new Set<string>();
  return ({ name, skipped = [] }) => {
    if (!said.has(name)) terminal.warn(describeSkipped(name, skipped));
    said.add(name);
  };
}

/** Notes once, for each source without its own splits, how it is used and how to name a part of it. */
export function createUndividedTeller(terminal: Terminal): NonNullable<OpenOptions["onUndivided"]> {
  const said = new Set<string>();
  return (place, note) => {
    if (!said.has(place))
      terminal.note(`${place}: ${note} Training holds out ${place}:test unless you give a validation set.`);
    said.add(place);
  };
}

function describeSkipped(name: string, skipped: readonly { readonly file: string }[]): string {
  const names = skipped.slice(0, NAMED).map(({ file }) => printable(file));
  const more = skipped.length > NAMED ? `, … and ${skipped.length - NAMED} more` : "";
  const files = skipped.length === 1 ? "1 file" : `${skipped.length} files`;
  return `skipped in ${name}: ${files} that cannot be decoded: ${names.join(", ")}${more}`;
}
