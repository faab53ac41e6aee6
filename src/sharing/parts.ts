/** Parts that the model card and the evidence page share, in Markdown. */
import { warningTitles, type ModelInfo, type Result, type ResultWarning } from "../evaluation/results.js";
import { commandOf } from "../report/index.js";
import { describeFinding, describeScore, type Finding, type Knowledge } from "./findings.js";
import { bullets, codeBlock, document, inline, table } from "./markdown.js";
import { warningsAbout } from "./of-model.js";

/** How a model is identified. */
export function modelTable({ tool, runtime, date, seed, dataset }: Result, model: ModelInfo): string {
  const sample =
    dataset.sampling === "full"
      ? `all ${dataset.n} images of ${inline(dataset.name)}`
      : `${dataset.n} of the ${dataset.population} images of ${inline(dataset.name)}, a class-balanced sample drawn with seed ${dataset.sampleSeed}`;
  const present = dataset.classCounts.filter((count) => count > 0).length;
  return table(
    ["what", ""],
    [
      ["file", `${inline(model.path)}, sha256 \`${model.sha256}\``],
      ["architecture", `${inline(model.architecture)}, ${model.parameterCount} parameters`],
      ...(model.recipe === null ? [] : [["training", `recipe ${inline(model.recipe)}`]]),
      ...(model.preprocessing === undefined ? [] : [["pixels", inline(model.preprocessing)]]),
      ["images", `${sample}; ${dataset.channels} × ${dataset.height} × ${dataset.width}`],
      ["classes", `${present} of ${dataset.classNames.length} have images`],
      ["measured", `${date}, ${inline(tool.name)} ${inline(tool.version)}, seed ${seed}`],
      [
        "computed by",
        `${inline(`${runtime.engine} ${runtime.engineVersion}`)}, ${inline(runtime.host)}, ${inline(runtime.platform)}`,
      ],
    ],
  );
}

const KNOWLEDGE: Readonly<Record<Knowledge, string>> = {
  "white-box": "white-box: the model's gradient",
  "white-box and score-based": "white-box: the model's gradient; then its scores alone",
  "score-based": "black-box: the model's scores",
  "decision-based": "black-box: the class it names",
  transfer: "black-box: another model's gradient",
  none: "nothing",
};

/** Every finding with its interval. A warning that calls it false appears in its row, in full the first time. */
export function findingsTable(findings: readonly Finding[]): string {
  const first = (finding: Finding): string =>
    findings.find(({ falsifiedBy }) => falsifiedBy === finding.falsifiedBy)!.id;
  return table(
    ["", "images", "what the attacker uses", "accuracy", "right", "caveats"],
    findings.map((finding) => [
      finding.id,
      describeFinding(finding, inline),
      finding.knowledge === undefined ? "" : KNOWLEDGE[finding.knowledge],
      describeScore(finding),
      `${finding.correct} of ${finding.n}${finding.unfinished === undefined ? "" : `, ${finding.unfinished} unfinished`}`,
      againstOf(finding, first(finding)),
    ]),
  );
}

function againstOf({ id, falsifiedBy, warnings, kind }: Finding, first: string): string {
  const others = warnings.filter(({ severity, code }) => severity !== "info" && code !== falsifiedBy?.code);
  const titles = [...new Set(others.map(({ code }) => warningTitles[code]))];
  const parts = [
    ...(falsifiedBy === undefined
      ? []
      : [
          `**False number: ${warningTitles[falsifiedBy.code]}.** ${id === first ? inline(falsifiedBy.message) : `As for ${first}.`}`,
        ]),
    ...titles.map((title) => `${title}.`),
    ...(falsifiedBy === undefined && kind !== "clean" ? ["An upper bound."] : []),
  ];
  return parts.join(" ");
}

const SEVERITY: Readonly<Record<ResultWarning["severity"], string>> = {
  serious: "**False number: ",
  warning: "**Take care: ",
  info: "**Note: ",
};

/** The full text of every warning about the model, and what the numbers do not show. */
export function warningsList(result: Result, model: string): string {
  const warnings = warningsAbout(result, model);
  return document(
    warnings.length === 0
      ? "The automatic checks against false security found no problem."
      : bullets(
          warnings.map(
            ({ severity, code, message }) =>
              `${SEVERITY[severity]}${warningTitles[code]}.** ${inline(message)}`,
          ),
        ),
    "What the numbers do not show:",
    bullets(result.statements.map(inline)),
  ).trimEnd();
}

/** The command that repeats the measurement. */
export function againBlock(result: Result): string {
  const command = commandOf(result);
  if (command === undefined) return "The result does not record the command that made it.";
  return document(
    codeBlock(`npx ${command}`, "sh"),
    "The same seed gives the same numbers on the same kind of machine. A result does not keep the options that describe the models " +
      "and the data (such as `--mean`, `--size` or `--class-map`): add them again.",
  ).trimEnd();
}
