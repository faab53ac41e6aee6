/** Formats a comparison for the terminal. */
import { normLabel } from "../attacks/cards/index.js";
import type { ChangedImage, Comparison, PairedMeasurement } from "../gate/index.js";
import { formatPercent, formatTable } from "./terminal.js";
import { formatEpsilon } from "./values.js";

/** Most images listed by name. */
const NAMED = 10;

export function describeComparison({ models, measurements, transfer, dataset }: Comparison): string {
  const [first, second] = models;
  const rows = measurements.map((m) => [
    describe(m),
    formatPercent(m.first.accuracy),
    formatPercent(m.second.accuracy),
    signed(m.difference.difference),
    `${signed(m.difference.low)} … ${signed(m.difference.high)}`,
    formatP(m.pValue),
    `${m.counts.firstOnly} / ${m.counts.secondOnly}`,
  ]);
  const files = models.map(({ name, bytes, milliseconds }) => [
    name,
    bytes === null ? "–" : formatBytes(bytes),
    milliseconds === null ? "–" : `${milliseconds.toPrecision(3)} ms per image`,
  ]);
  return [
    `${first.name} against ${second.name}, ${dataset.n} images of ${dataset.name}`,
    formatTable([["", first.name, second.name, "difference", "95 %", "p", "lost / gained"], ...rows]),
    ...transferLines(transfer),
    ...(models.some(({ bytes }) => bytes !== null) ? ["", formatTable(files)] : []),
    ...measurements.flatMap((m) => [
      ...changedLines(m, "lost", m.changed.lost, dataset.classNames),
      ...changedLines(m, "gained", m.changed.gained, dataset.classNames),
    ]),
    "",
    `difference: ${second.name} − ${first.name}, in percentage points, Newcombe's method 10; p: McNemar's exact test;`,
    `lost: only ${first.name} is right; gained: only ${second.name} is right.`,
  ].join("\n");
}

function describe({ attack, threat }: Pick<PairedMeasurement, "attack" | "threat">): string {
  return threat === null
    ? "clean"
    : `${attack} ${normLabel(threat.norm)}, ε ${formatEpsilon(threat.epsilon)}`;
}

function transferLines(transfer: Comparison["transfer"]): string[] {
  if (transfer.length === 0) return [];
  const rows = transfer.map((t) => [
    `made on ${t.source}, tried on ${t.model}: ${describe(t)}`,
    formatPercent(t.accuracy),
    `${(100 * t.interval.low).toFixed(1)}–${(100 * t.interval.high).toFixed(1)} %`,
  ]);
  return ["", formatTable([["transfer", "accuracy", "95 %"], ...rows])];
}

function changedLines(
  m: PairedMeasurement,
  what: "lost" | "gained",
  images: readonly ChangedImage[],
  classes: readonly string[],
): string[] {
  if (images.length === 0) return [];
  const nameOf = (output: number): string => (output < 0 ? "NaN" : (classes[output] ?? String(output)));
  const shown = images.slice(0, NAMED).map(({ index, fileName, label, predictions: [a, b] }) => {
    const wrong = what === "lost" ? b : a;
    return `  ${fileName ?? `image ${index}`}: ${nameOf(label)}, taken for ${nameOf(wrong)}`;
  });
  const more = images.length > NAMED ? [`  … and ${images.length - NAMED} more (--out has all)`] : [];
  return ["", `${describe(m)}: ${images.length} ${what}`, ...shown, ...more];
}

/** `+1.2` percentage points. */
function signed(share: number): string {
  const points = (100 * share).toFixed(1);
  return share > 0 && !points.startsWith("-") ? `+${points}` : points.replace("-", "−");
}

function formatP(p: number): string {
  return p < 1e-4 ? p.toExponential(0) : p.toFixed(4);
}

function formatBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}
