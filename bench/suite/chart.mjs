// The ratios as bars, an SVG for the README that reads on light and on dark pages.

const [WIDTH, ROW, LABEL, TOP] = [760, 30, 250, 46];

const escaped = (text) => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);

/** One bar a case for the usual way, one for PyTorch's best; a line where both are equally fast. */
export function chartOf({ machine, date, results }) {
  const rows = results.filter(({ fasterThanUsual }) => fasterThanUsual !== undefined);
  const most = Math.max(
    1.5,
    ...rows.flatMap(({ fasterThanUsual, fasterThanBest = 0 }) => [fasterThanUsual, fasterThanBest]),
  );
  const at = (ratio) => ((WIDTH - LABEL - 60) * ratio) / most;
  const bar = (ratio, y, className) =>
    ratio === undefined
      ? ""
      : `<rect class="${className}" x="${LABEL}" y="${y}" width="${at(ratio).toFixed(1)}" height="10"/>` +
        `<text x="${(LABEL + at(ratio) + 5).toFixed(1)}" y="${y + 9}">${ratio.toFixed(2)} ×</text>`;
  const bars = rows.map(({ title, fasterThanUsual, fasterThanBest }, i) => {
    const y = TOP + i * ROW;
    return (
      `<text x="${LABEL - 8}" y="${y + 15}" text-anchor="end">${escaped(title)}</text>` +
      bar(fasterThanUsual, y, "usual") +
      bar(fasterThanBest, y + 11, "best")
    );
  });
  const height = TOP + rows.length * ROW + 24;
  const one = (LABEL + at(1)).toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="How many times as fast as PyTorch">
<style>text{font:11px system-ui,sans-serif;fill:#24292f}.usual{fill:#2a7d5f}.best{fill:#c98a2b}line{stroke:#57606a;stroke-dasharray:3 3}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.usual{fill:#45b68c}.best{fill:#e0a848}line{stroke:#9aa4ae}}</style>
<rect class="usual" x="${LABEL}" y="10" width="10" height="10"/><text x="${LABEL + 15}" y="19">× as fast as eager PyTorch or torchattacks</text>
<rect class="best" x="${LABEL + 270}" y="10" width="10" height="10"/><text x="${LABEL + 285}" y="19">as channels_last or torch.compile</text>
<line x1="${one}" y1="${TOP - 8}" x2="${one}" y2="${height - 22}"/>
${bars.join("\n")}
<text x="${LABEL}" y="${height - 6}">${escaped(machine)}, ${escaped(date)}</text>
</svg>
`;
}
