// docs/results/corpus.md from what check.mjs found.
//   node bench/corpus/page.mjs OUT > docs/results/corpus.md && npx prettier --write docs/results/corpus.md
import { readFileSync } from "node:fs";
import { join } from "node:path";

const rows = JSON.parse(readFileSync(join(process.argv[2], "rows.json"), "utf8"));
const middle = (values) => values?.toSorted((a, b) => a - b)[(values.length - 1) >> 1];
const files = Object.entries(rows).map(([file, row]) => {
  const [name, form] = file.replace(/\.\w+$/, "").split("/");
  const [source, ...model] = name.split(".");
  return { source, model: model.join("."), form, row };
});
const read = files.filter(({ row }) => row.ok !== undefined);
const groups = new Map();
for (const { source, form, row } of read) {
  const key = `${source} | ${form}`;
  const [passed, all] = groups.get(key) ?? [0, 0];
  groups.set(key, [passed + (row.ok ? 1 : 0), all + 1]);
}
const exact = read.filter(({ row, form }) => row.ok && row.quantised !== true && !form.includes("half"));
const medianOf = (of) =>
  middle(exact.map(({ row }) => middle(of(row))).filter((value) => value !== undefined));
const shown = (value) => (value === undefined ? "" : value.toExponential(0));
const models = new Map();
for (const each of exact) {
  const key = `${each.source} ${each.model}`;
  models.set(key, [...(models.get(key) ?? []), each]);
}
const table = [...models].map(([key, list]) => {
  const worst = (of) => shown(Math.max(...list.map(({ row }) => middle(of(row)) ?? 0)));
  return `| ${key} | ${list.map(({ form }) => form).join(", ")} | ${worst((r) => r.logits)} | ${worst((r) => r.gradient)} | ${worst((r) => r.torch?.gradient)} |`;
});
const passed = read.filter(({ row }) => row.ok).length;
console.log(`# The corpus

\`bench/corpus\` exports one classifier of every family of torchvision, timm, transformers and Keras, with random
weights chosen so that each one matters. It compares the logits, and the gradient of the cross-entropy with
respect to the image, with PyTorch's (TensorFlow's) in float64.

**${passed} of ${read.length} files pass**. ${files.length - read.length} more exports failed. Over ${exact.length} files that are neither quantised nor float16, the median gradient error
is ${shown(medianOf((r) => r.gradient))} of the largest element; PyTorch's own in float32 is ${shown(medianOf((r) => r.torch?.gradient))}. The median logit error is ${shown(medianOf((r) => r.logits))}.

What passing means, and what it does not:

- Each model is judged on four images by the lower median. The error may be at most 1e-4, or twice PyTorch's
  own float32 error. If it is more, the gradient is computed again without ONNX Runtime's optimisation, since
  a different summation order flips different ReLUs. If most images still differ, the best one decides and
  none may be off by more than .3. A fault in only some images could hide behind that.
- Weight gradients were compared in 55 files, 3082 weights by name. None was wrong.
- float16 files: logits within .02, gradients within .5, because a network with rounded weights is not the
  original one. This shows only that they are read.
- Quantised files: logits within .1 of ONNX Runtime's for the same file. Their gradient is an estimate, checked
  to be finite and not zero.
- Rows were made at several commits of one day, on a loaded machine.

| source | form | pass | of |
| --- | --- | --- | --- |
${[...groups]
  .sort()
  .map(([key, [ok, all]]) => `| ${key} | ${ok} | ${all} |`)
  .join("\n")}

## Models

Errors of each model's worst form, for its median image, relative to the largest element.

| model | forms | logits | gradient | PyTorch's gradient |
| --- | --- | --- | --- | --- |
${table.join("\n")}`);
