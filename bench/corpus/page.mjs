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

\`bench/corpus\` exports one classifier of every family of torchvision, timm, transformers and Keras, with random weights of which every
one matters, and compares logits and the gradient of the cross-entropy by the image with PyTorch's (TensorFlow's) in float64.

**${passed} of ${read.length} files pass**. ${files.length - read.length} more could not be exported. Over ${exact.length} files that are neither quantised nor
float16, the median error of the gradient is ${shown(medianOf((r) => r.gradient))} of its largest element; PyTorch's own in float32 is ${shown(medianOf((r) => r.torch?.gradient))}. Of the logits it is ${shown(medianOf((r) => r.logits))}.

What passing means, and does not:

- Four images a model, judged by the lower middle one: at most 1e-4, or twice PyTorch's own float32 error. Where it is more, the gradient is
  computed again without ONNX Runtime's optimisation, since another order of sums flips other ReLUs; if most images still differ, the best decides and none
  may be further off than .3. A fault in some images alone could hide behind that.
- Gradients by weights were compared in 55 files, 3082 weights by name: none was wrong.
- float16 files: logits to .02, gradients to .5, as rounded weights are not the network that was rounded. That says that they are read.
- Quantised files: logits to .1 of ONNX Runtime's own for the same file. Their gradient is an estimate, checked to be finite and not zero.
- Rows were made at several commits of one day, on a loaded machine.

| source | form | pass | of |
| --- | --- | --- | --- |
${[...groups]
  .sort()
  .map(([key, [ok, all]]) => `| ${key} | ${ok} | ${all} |`)
  .join("\n")}

## Models

Errors of the worst of a model's forms, of its middle image, relative to the largest element.

| model | forms | logits | gradient | PyTorch's gradient |
| --- | --- | --- | --- | --- |
${table.join("\n")}`);
