import { formatCount } from "../graph/index.js";
import { wrapText } from "../wrap.js";
import type { ModelInspection, UnreadableInspection } from "./inspection-schema.js";

/** Classes shown at the beginning and at the end. */
const FIRST = 4;
const LAST = 2;
/** Nodes of one kind that are named; JSON has all. */
const NAMED = 8;
const HEAD = 15;
const WIDTH = 100;

type Row = readonly [head: string, value: string];

/** The inspection as a page of text for a terminal. */
export function inspectionPage(facts: ModelInspection): string {
  const rows: Row[] = [
    ["model", `${facts.architecture}, recipe ${facts.recipe ?? "unknown"}`],
    ["image", `${facts.input}, pixels in [0, 1]`],
    ["logits", facts.output],
    ["classes", classesOf(facts)],
    ["batch", batchOf(facts)],
    ["layout", layoutOf(facts)],
    ["pixels", facts.pixels],
    ...normalisationRows(facts),
    ...facts.notices.map((notice): Row => ["noticed", notice]),
    ...attackRows(facts),
    ["parameters", `${formatCount(facts.parameters)} of ${formatCount(facts.constants)} constants`],
    ["operations", operationsOf(facts)],
    ["memory", memoryOf(facts)],
    ["operators", facts.operators.map(({ op, count }) => `${op} × ${count}`).join(", ")],
    ["no derivative", flatOf(facts)],
    ["taps", facts.taps.map((tap) => `${tap.name} = ${tap.value}`).join("; ") || "none"],
    ["sha256", facts.sha256],
  ];
  return printed(rows);
}

/** The same for an unreadable model: what is missing, by node. */
export function unreadablePage(facts: UnreadableInspection): string {
  const rows: Row[] = [
    ["model", facts.name],
    ["attackable", `no: ${facts.problem}`],
    ...obstacleRows(facts.obstacles),
    [
      "evaluable",
      facts.evaluable
        ? "yes, without gradients: ONNX Runtime runs it unchanged"
        : `no: ${facts.notEvaluable}`,
    ],
    ...(facts.obstacles.length === 0 ? [["needed", facts.needed] as const] : []),
    [
      "operators",
      facts.operators
        .map(({ op, count, readable }) => `${op} × ${count}${readable ? "" : " (not read)"}`)
        .join(", "),
    ],
    ["sha256", facts.sha256],
  ];
  return printed(rows);
}

function classesOf({ classes, classesNamed }: ModelInspection): string {
  if (!classesNamed) return `${classes.length}, not named in the file`;
  const shown =
    classes.length > FIRST + LAST + 1
      ? [...classes.slice(0, FIRST), "…", ...classes.slice(-LAST)]
      : [...classes];
  return `${classes.length}: ${shown.join(", ")}`;
}

function batchOf({ batchSize, randomInputs }: ModelInspection): string {
  const size = batchSize === null ? "any" : `${batchSize} images exactly`;
  return randomInputs.length === 0 ? size : `${size}; draws ${randomInputs.join(", ")} at each run`;
}

function layoutOf({ layout }: ModelInspection): string {
  if (layout.why === "its input") return `${layout.value}, from its input`;
  return layout.why === "given"
    ? `${layout.value}, from --layout`
    : `${layout.value}: the graph transposes the image first`;
}

function normalisationRows({ normalisation }: ModelInspection): Row[] {
  if (normalisation === null) return [];
  const { mean, std, why, nodes } = normalisation;
  const where = why === "given" ? "see pixels" : `in the graph (${nodes.join(", ")})`;
  return [["normalisation", `(x − mean) / std, mean ${alike(mean)}, std ${alike(std)}: ${where}`]];
}

/** One number if all are the same. */
function alike(values: readonly number[]): string {
  return new Set(values).size === 1 ? String(values[0]) : values.join(", ");
}

function attackRows({ attackable, obstacles, flat }: ModelInspection): Row[] {
  if (!attackable) return [["attackable", "no"], ...obstacleRows(obstacles)];
  const tried = "a PGD step was built and compiled";
  const beside = flat.length === 0 ? "" : `; the gradient has other paths around ${nodesOf(flat)}`;
  return [["attackable", `yes: ${tried}${beside}`]];
}

/** Groups obstacles of one kind: what, where, and what would be needed. */
function obstacleRows(obstacles: ModelInspection["obstacles"]): Row[] {
  const groups = new Map<string, { readonly nodes: string[]; readonly first: (typeof obstacles)[number] }>();
  for (const each of obstacles) {
    const key = `${each.op} ${each.problem}`;
    const group = groups.get(key) ?? { nodes: [], first: each };
    if (each.node !== null) group.nodes.push(each.node);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ nodes, first }): Row[] => [
    [
      "",
      `${first.op === null ? "" : `${first.op}${nodes.length > 1 ? ` × ${nodes.length}` : ""}: `}${first.problem}`,
    ],
    ...(nodes.length === 0 ? [] : [["", `  at ${shortened(nodes)}`] as const]),
    ["", `  needed: ${first.needed}`],
  ]);
}

function shortened(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return rest > 0
    ? `${names.slice(0, NAMED).join(", ")} and ${rest} more (--json has all)`
    : names.join(", ");
}

function nodesOf(nodes: ModelInspection["flat"]): string {
  return shortened(nodes.map(({ node, op }) => `${node} (${op})`));
}

function operationsOf({ multiplyAdds, flops }: ModelInspection): string {
  if (multiplyAdds === null || flops === null) return "unknown";
  return `${formatCount(multiplyAdds)} multiply-adds, ${formatCount(flops)} FLOPs per image`;
}

function memoryOf({ memory }: ModelInspection): string {
  if (memory === null) return "unknown";
  const { batchSize, attackStep, trainingStep } = memory;
  const images = batchSize === 1 ? "1 image" : `${batchSize} images`;
  return `for ${images}, about ${mebibytes(attackStep)} in an attack step, ${mebibytes(trainingStep)} in a training step`;
}

function mebibytes(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return mib < 1000 ? `${Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

function flatOf({ operators }: ModelInspection): string {
  const flat = operators.filter(({ differentiates }) => !differentiates);
  return flat.map(({ op, count }) => `${op} × ${count}`).join(", ") || "none";
}

function printed(rows: readonly Row[]): string {
  const indent = " ".repeat(HEAD);
  return rows.map(([head, value]) => head.padEnd(HEAD) + wrapped(value).join(`\n${indent}`)).join("\n");
}

/** Lines of at most WIDTH. Later ones are indented by two more than the first. */
function wrapped(text: string): string[] {
  const first = /^ */.exec(text)![0];
  return wrapText(text.trim(), WIDTH - HEAD, { first, later: `${first}  ` });
}
