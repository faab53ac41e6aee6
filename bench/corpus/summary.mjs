// Rows of check.mjs as Markdown: totals, what failed by cause, the table.

import { gradientPasses, logitsPass, middle } from "./tolerance.mjs";

const short = (error) => (error === undefined ? "" : error.toExponential(0));
const each = (errors) => errors.map(short).join(" ");
const time = (seconds) => (seconds === undefined ? "" : seconds.toFixed(1));

/** A message without what differs from model to model. */
function cause(text) {
  return text
    .replace(/"[^"]*"/g, '"…"')
    .replace(/\[[^\]]*\]/g, "[…]")
    .replace(/\S*\/corpus\S*/g, "file")
    .replace(/-?\b\d+(\.\d+)?(e-?\d+)?\b/g, "#")
    .slice(0, 220);
}

/** The causes of a row that failed, each with an example of the text that it stands for. */
function causes(row) {
  const { problem, stage, logits, gradient, torch, weights } = row;
  if (row.ok || row.exporter !== undefined) return [];
  if (problem === undefined) {
    if (!logitsPass(row)) return [["logits differ", `${each(logits)}, PyTorch's own ${each(torch.logits)}`]];
    if (!gradientPasses(row))
      return [["gradient differs", `${each(gradient)}, PyTorch's own ${each(torch.gradient)}`]];
    return [["gradient by a weight differs", JSON.stringify(weights.wrong[0])]];
  }
  const lines = problem.split("\n").map((line) => line.trim());
  const nodes = lines
    .filter((line) => /^.* \([\w.]+\): /.test(line))
    .filter((line) => !line.startsWith("InputError"));
  if (nodes.length === 0)
    return [[`${stage}: ${cause(lines[0])}`, lines.slice(0, 3).join(" ").slice(0, 300)]];
  const found = new Map();
  for (const line of nodes) {
    const [, op, what] = line.match(/\(([\w.]+)\): (.*)$/);
    const key = `${stage}, ${op}: ${cause(what)}`;
    if (!found.has(key)) found.set(key, line.slice(0, 300));
  }
  return [...found];
}

export function summary(rows) {
  const entries = Object.entries(rows);
  const checked = entries.filter(([, row]) => row.exporter === undefined);
  const passed = checked.filter(([, row]) => row.ok);
  const byCause = new Map();
  for (const [file, row] of checked) {
    for (const [key, example] of causes(row)) {
      const group = byCause.get(key) ?? { files: [], example, size: Infinity };
      if ((row.fileNodes ?? Infinity) < group.size)
        Object.assign(group, { example, size: row.fileNodes, smallest: file });
      group.files.push(file);
      byCause.set(key, group);
    }
  }
  const lines = [
    `${passed.length} of ${checked.length} files pass; ${entries.length - checked.length} were not exported.`,
    "",
  ];
  for (const [key, { files, example, smallest }] of [...byCause].sort(
    (a, b) => b[1].files.length - a[1].files.length,
  )) {
    lines.push(
      `- **${files.length} × ${key}**  `,
      `  ${example}  `,
      `  smallest: \`${smallest ?? files[0]}\`; all: ${files.slice(0, 12).join(", ")}${files.length > 12 ? ", …" : ""}`,
    );
  }
  lines.push(
    "",
    "| file | opset | nodes | | logits | gradient | PyTorch's own | weights | read, differentiate, compile, run [s] |",
    "|---|---|---|---|---|---|---|---|---|",
  );
  for (const [file, row] of entries) lines.push(line(file, row));
  return `${lines.join("\n")}\n`;
}

/** The middle image's error, and the greatest. */
function ofGradient(errors) {
  return errors === undefined ? "" : `${short(middle(errors))} (${short(Math.max(...errors))})`;
}

function line(file, row) {
  const { opset = "", fileNodes, gradientNodes = "", torch, weights, seconds = {} } = row;
  if (row.exporter !== undefined)
    return `| ${file} | | | not exported: ${row.exporter.slice(0, 100).replaceAll("|", "/")} | | | | | |`;
  const outcome = row.ok
    ? "ok"
    : causes(row)
        .map(([key]) => key)
        .join("; ")
        .replaceAll("|", "/")
        .slice(0, 300);
  const ofWeights = weights === undefined ? "" : `${weights.compared}/${weights.of}: ${short(weights.worst)}`;
  const own = torch === undefined ? "" : `${short(Math.max(...torch.logits))} ${ofGradient(torch.gradient)}`;
  const times = ["read", "differentiate", "compile", "run"].map((stage) => time(seconds[stage])).join(" ");
  return `| ${file} | ${opset} | ${fileNodes ?? ""} → ${gradientNodes} | ${outcome} | ${row.logits === undefined ? "" : short(Math.max(...row.logits))} | ${ofGradient(row.gradient)} | ${own} | ${ofWeights} | ${times} |`;
}
