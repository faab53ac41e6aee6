// A page of docs/results from what check.mjs found in one or several folders.
//   node bench/corpus/page.mjs "The corpus" OUT… > docs/results/corpus.md && npx prettier --write docs/results/corpus.md
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What the models of a source are. */
const SOURCES = {
  torchvision: "one classifier of every family of torchvision",
  timm: "one of every family of timm",
  transformers: "one of every family of transformers",
  keras: "Keras's applications",
  habits: "small classifiers, each with a habit of its maker that the families of the libraries have not",
  sklearn: "scikit-learn's classifiers, as skl2onnx converts them",
  imitations: "files written node by node in the manner of other tools, which were not run",
};

const [title, ...folders] = process.argv.slice(2);
const rows = folders.flatMap((out) =>
  Object.entries(JSON.parse(readFileSync(join(out, "rows.json"), "utf8"))),
);
const middle = (values) => values?.toSorted((a, b) => a - b)[(values.length - 1) >> 1];
const files = rows.map(([file, row]) => {
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
const isHalf = ({ form }) => form.includes("half");
const exact = read.filter((file) => file.row.ok && file.row.quantised !== true && !isHalf(file));
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
const failedExports = files.length - read.length;
const weighed = read.map(({ row }) => row.weights).filter((weights) => weights?.compared > 0);
const compared = weighed.reduce((sum, weights) => sum + weights.compared, 0);
const wrong = weighed.reduce((sum, weights) => sum + weights.wrong.length, 0);
const sources = Object.entries(SOURCES).filter(([source]) => files.some((file) => file.source === source));
/** A line where something of the kind was checked. */
const where = (holds, line) => (read.some(holds) ? [line] : []);
const notes = [
  `- Each model is judged on four images by the lower median. The error may be at most 1e-4, or twice the
  framework's own float32 error. If it is more, the gradient is computed again without ONNX Runtime's
  optimisation, since a different summation order flips different ReLUs. If most images still differ, the best
  one decides and none may be off by more than .3. A fault in only some images could hide behind that.`,
  ...where(
    ({ row }) => row.weights?.compared > 0,
    `- Weight gradients were compared in ${weighed.length} files, ${compared} weights by name. ${wrong === 0 ? "None" : wrong} was wrong.`,
  ),
  ...where(
    isHalf,
    `- float16 files: logits within .02, gradients within .5, because a network with rounded weights is not the
  original one. This shows only that they are read.`,
  ),
  ...where(
    ({ row }) => row.quantised,
    `- Quantised files: logits within .1 of ONNX Runtime's for the same file. Their gradient is an estimate, checked
  to be finite and not zero.`,
  ),
  ...where(
    ({ form }) => /bit|nf4|fp4/.test(form),
    `- Files whose weights alone have few bits are compared with the network that has these weights, logits and
  gradients, as any other.`,
  ),
];
console.log(`# ${title}

\`bench/corpus\` makes classifiers with random weights chosen so that each one matters:

${sources.map(([source, what]) => `- ${source}: ${what}.`).join("\n")}

It compares the logits, and the gradient of the cross-entropy with respect to the image, with the framework's in
float64: PyTorch's, TensorFlow's, or central differences of scikit-learn's.

**${passed} of ${read.length} files pass**.${failedExports === 0 ? "" : ` ${failedExports} more exports failed.`} Over ${exact.length} files that are neither quantised nor float16, the median gradient error
is ${shown(medianOf((r) => r.gradient))} of the largest element; the framework's own in float32 is ${shown(medianOf((r) => r.torch?.gradient))}. The median logit error is ${shown(medianOf((r) => r.logits))}.

What passing means, and what it does not:

${notes.join("\n")}

| source | form | pass | of |
| --- | --- | --- | --- |
${[...groups]
  .sort()
  .map(([key, [ok, all]]) => `| ${key} | ${ok} | ${all} |`)
  .join("\n")}

## Models

Errors of each model's worst form, for its median image, relative to the largest element.

| model | forms | logits | gradient | the framework's gradient |
| --- | --- | --- | --- | --- |
${table.join("\n")}`);
