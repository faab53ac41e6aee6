// What the times say: ratios, a table in Markdown, and which ratio fell.

/** How many times as fast as the usual way, and as the best of PyTorch's other ways; its share of the memory. */
export function fasterBy(measured) {
  const [own, ...others] = measured;
  const usual = others[0];
  const best = others
    .filter(({ name }) => name === "channels_last" || name === "compile")
    .toSorted((a, b) => a.ms - b.ms)[0];
  return {
    ...(usual && {
      usual: usual.name,
      fasterThanUsual: usual.ms / own.ms,
      memory: own.peakMiB / usual.peakMiB,
    }),
    ...(best && { best: best.name, fasterThanBest: best.ms / own.ms }),
  };
}

const times = (ratio) => (ratio === undefined ? "" : `${ratio.toFixed(2)} ×`);
const milliseconds = (ms) => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0));

export function tableOf(results, { header }) {
  const lines = header
    ? [
        "| case | holdfast | peers, ms | than the usual | than the best of PyTorch | peak memory, MiB |",
        "| --- | --- | --- | --- | --- | --- |",
      ]
    : [];
  for (const { title, measured, usual, best, fasterThanUsual, fasterThanBest } of results) {
    const [own, ...others] = measured;
    const peers = others.map(({ name, ms }) => `${name} ${milliseconds(ms)}`).join(", ");
    const memory = [own, ...others.slice(0, 1)].map(({ peakMiB }) => peakMiB).join(" / ");
    const cells = [
      title,
      `${milliseconds(own.ms)} ms`,
      peers,
      usual && `${times(fasterThanUsual)} (${usual})`,
      best && `${times(fasterThanBest)} (${best})`,
      memory,
    ];
    lines.push(`| ${cells.map((cell) => cell ?? "").join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** A ratio that fell by more than this share is a regression; less is a shared machine's noise. */
const FALL = 0.1;

/** A line for each ratio of the baseline that fell. */
export function fallenRatios(baseline, results) {
  return results.flatMap(({ title, ...now }) => {
    const before = baseline.find((each) => each.title === title);
    if (before === undefined) return [];
    return ["fasterThanUsual", "fasterThanBest"]
      .filter((ratio) => now[ratio] < before[ratio] * (1 - FALL))
      .map(
        (ratio) =>
          `${title}: ${times(now[ratio])} as fast as ${now[ratio === "fasterThanBest" ? "best" : "usual"]}, was ${times(before[ratio])}`,
      );
  });
}
