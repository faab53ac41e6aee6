import { existsSync } from "node:fs";
import { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit, type Document } from "yaml";
import { InputError, nearestName } from "../../errors/index.js";
import { readFileChecked } from "../../files/index.js";
import { NORMS } from "../../attacks/cards/index.js";
import { configSchema, numberOf, type CheckConfig, type Threat } from "./config-schema.js";

/** A configuration is a page; more is a mistake or an attack. */
const MOST_BYTES = 100_000;
const REMEDY = "docs/check.md shows every field; holdfast init writes one to start from.";

/** A configuration, and the line of each of its fields. */
export interface ReadConfig {
  readonly config: CheckConfig;
  /** Line of a field in the file, from 1. */
  readonly lineOf: (path: readonly string[]) => number;
}

/** @throws InputError naming the line and the field of every error. */
export async function readConfig(path: string): Promise<ReadConfig> {
  if (!existsSync(path)) {
    const remedy =
      "Create one with holdfast init model.onnx --data photos, or name an existing one with holdfast check --config file.";
    throw new InputError({ place: path, problem: "does not exist", remedy });
  }
  const bytes = await readFileChecked(path, MOST_BYTES);
  return parseConfig(new TextDecoder().decode(bytes), path);
}

/** {@link readConfig} of text; `place` names it in errors. */
export function parseConfig(text: string, place: string): ReadConfig {
  const lines = new LineCounter();
  const document = parsed(text, place, lines);
  const at = (offset: number): string => `line ${lines.linePos(offset).line}`;
  const problems = [...document.errors, ...document.warnings].map(
    ({ message, pos }) => `${at(pos[0])}: ${message}`,
  );
  if (problems.length > 0) throw refused(place, problems);
  refuseAnchors(document, place, at);
  const read = configSchema.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!read.success) {
    throw refused(
      place,
      read.error.issues.flatMap((issue) => complaints(document, lines, issue)),
    );
  }
  const lineOf = (path: readonly PropertyKey[]): number => lineAt(document, lines, path);
  refuseUnmeasured(read.data, place, lineOf);
  return { config: read.data, lineOf };
}

function parsed(text: string, place: string, lineCounter: LineCounter): Document {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, version: "1.2" });
  } catch (error) {
    // Nested too deeply for the parser's stack.
    if (error instanceof RangeError) throw refused(place, ["it is nested too deeply"]);
    throw error;
  }
}

/** Anchors and aliases can multiply a line or form a cycle. */
function refuseAnchors(document: Document, place: string, at: (offset: number) => string): void {
  visit(document, (_, node) => {
    if (!isNode(node) || (!isAlias(node) && node.anchor === undefined)) return;
    throw refused(place, [
      `${at(node.range?.[0] ?? 0)}: anchors and aliases are not supported; write the value out`,
    ]);
  });
}

type Issue = NonNullable<ReturnType<typeof configSchema.safeParse>["error"]>["issues"][number];

function complaints(document: Document, lines: LineCounter, issue: Issue): string[] {
  const field = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const near = nearestName(key, fieldsAt(issue.path));
      const hint = near === undefined ? "" : `; did you mean ${near}?`;
      return `line ${lineAt(document, lines, path)}: ${path.join(".")}: there is no such field${hint}`;
    });
  }
  // For a union, the branch closest to the file gives the best message.
  const branch =
    issue.code === "invalid_union" ? issue.errors.find((each) => each[0]?.path.length) : undefined;
  if (branch !== undefined || (issue.code === "invalid_union" && isObject(document, issue.path))) {
    const inner = issue.code === "invalid_union" ? (branch ?? issue.errors.at(-1)!) : [];
    return inner.flatMap((each) =>
      complaints(document, lines, { ...each, path: [...issue.path, ...each.path] }),
    );
  }
  const message = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [`line ${lineAt(document, lines, issue.path)}: ${field === "" ? "the file" : field}: ${message}`];
}

function isObject(document: Document, path: readonly PropertyKey[]): boolean {
  return isMap(document.getIn(path, true));
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(configSchema.shape),
  assert: ["min", "minLow", "max", "level"],
  corruptions: ["kinds", "severities"],
  baseline: ["path", "alpha", "level"],
  models: ["path", "mean", "std", "pixelRange", "layout", "channelOrder", "crop", "labels", "output"],
  threats: ["norm", "epsilon"],
};

function fieldsAt(path: readonly PropertyKey[]): readonly string[] {
  return FIELDS[String(path[0] ?? "")] ?? [];
}

/** Line of the deepest part of the path that exists in the file. */
function lineAt(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find(
      ({ key }) => isScalar(key) && String(key.value) === String(path[length - 1]),
    );
    if (pair !== undefined && isNode(pair.key) && pair.key.range)
      return lines.linePos(pair.key.range[0]).line;
  }
  return 1;
}

/** Every asserted metric must be measured. */
function refuseUnmeasured(
  { assert, threats, corruptions }: CheckConfig,
  place: string,
  lineOf: ReadConfig["lineOf"],
): void {
  const problems = Object.keys(assert).flatMap((metric) => {
    if (metric === "corrupted" && corruptions === undefined)
      return [
        `line ${lineOf(["assert", metric])}: assert.corrupted: nothing is corrupted; add corruptions: true`,
      ];
    const threat = threatOf(metric);
    const isMeasured =
      threat === undefined ||
      threats.some(({ norm, epsilon }) => norm === threat.norm && epsilon === threat.epsilon);
    return isMeasured
      ? []
      : [`line ${lineOf(["assert", metric])}: assert.${metric}: is not among the threats`];
  });
  if (problems.length > 0) throw refused(place, problems);
}

/** `robust@linf:4/255` → its threat; undefined for other metrics. */
export function threatOf(metric: string): Threat | undefined {
  const [, typed, epsilon] = /^robust@(\w+):(.+)$/.exec(metric) ?? [];
  const norm = NORMS.find((known) => known === typed);
  return norm === undefined || epsilon === undefined ? undefined : { norm, epsilon: numberOf(epsilon) };
}

function refused(place: string, problems: readonly string[]): InputError {
  return new InputError({
    place,
    problem: `is not a valid configuration:\n${problems.map((each) => `  ${each}`).join("\n")}`,
    remedy: REMEDY,
  });
}
