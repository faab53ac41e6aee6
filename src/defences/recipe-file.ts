import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import type { AdversarySpec } from "../attacks/index.js";
import { InputError, nearestName } from "../errors/index.js";
import { readFileChecked } from "../files/index.js";
import type { LossWeights } from "../losses/index.js";
import { contradictionsIn, type Contradiction } from "./contradictions.js";
import { findRecipe } from "./find.js";
import { recipeFileSchema, type RecipeFile } from "./recipe-schema.js";
import type { Recipe } from "./recipe.js";

/** A recipe is a page; more is a mistake or an attack. */
const MOST_BYTES = 100_000;

/** Whether what a user calls a recipe is a file of one. */
export function isRecipeFile(name: string): boolean {
  return /\.(ya?ml|json)$/i.test(name) || /[/\\]/.test(name);
}

/** @throws InputError that names the line and the field of everything that is wrong. */
export async function readRecipeFile(path: string): Promise<Recipe> {
  const bytes = await readFileChecked(path);
  if (bytes.length > MOST_BYTES)
    throw refused(path, [`it has ${bytes.length} bytes; the limit for a recipe is ${MOST_BYTES}`]);
  return parseRecipe(new TextDecoder().decode(bytes), path);
}

/**
 * {@link readRecipeFile} of text; `place` names it in errors.
 *
 * @example
 * ```ts
 * import { parseRecipe } from "holdfast";
 *
 * const recipe = parseRecipe("extends: at-alp\nname: mine\ntitle: Mine\nadversary: { epsilon: 0.1 }\n", "mine.yaml");
 * console.log(recipe.adversary);
 * ```
 */
export function parseRecipe(text: string, place: string): Recipe {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    throw refused(
      place,
      problems.map(({ message, pos }) => `${at(lines, pos[0])}: ${message}`),
    );
  }
  if (document.contents === null) throw empty(place);
  const parsed = recipeFileSchema.safeParse(valueOf(document, place));
  if (!parsed.success) {
    throw refused(
      place,
      parsed.error.issues.flatMap((issue) => complaints(document, lines, issue)),
    );
  }
  const file = parsed.data;
  const base = file.extends === undefined ? undefined : findRecipe(file.extends);
  const refuse = (found: readonly Contradiction[]): void => {
    if (found.length === 0) return;
    throw refused(
      place,
      found.map((one) => said(document, lines, one)),
    );
  };
  refuse(missingIn(file, base));
  const recipe = recipeOf(file, base);
  refuse(contradictionsIn(recipe));
  return recipe;
}

/** Aliases may repeat a few lines, not multiply them. */
function valueOf(document: Document, place: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 }) as unknown;
  } catch (error) {
    throw refused(place, [(error as Error).message]);
  }
}

type Issue = NonNullable<ReturnType<typeof recipeFileSchema.safeParse>["error"]>["issues"][number];

function complaints(document: Document, lines: LineCounter, issue: Issue): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const near = nearestName(key, fieldsAt(issue.path));
      return `${where(document, lines, path)} ${path.join(".")}: there is no such field${near === undefined ? "" : `; did you mean ${near}?`}`;
    });
  }
  const field = issue.path.length === 0 ? "the file" : issue.path.join(".");
  return [`${where(document, lines, issue.path)} ${field}: ${issue.message}`];
}

/** At the first of its fields that stands in the file: others may come from the recipe that is extended. */
function said(document: Document, lines: LineCounter, { fields, problem }: Contradiction): string {
  const field = fields.find((path) => document.hasIn(path)) ?? fields[0];
  return `${where(document, lines, field)} ${field.join(".")}: ${problem}`;
}

/** Names of the fields that the schema has at a path. */
function fieldsAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = recipeFileSchema;
  for (const key of [...path, undefined]) {
    let shape = schema as { shape?: Record<string, unknown>; unwrap?: () => unknown };
    while (shape.shape === undefined && shape.unwrap !== undefined) shape = shape.unwrap() as typeof shape;
    if (key === undefined) return Object.keys(shape.shape ?? {});
    schema = shape.shape?.[String(key)];
    if (schema === undefined) return [];
  }
  return [];
}

function where(document: Document, lines: LineCounter, path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path[length - 1]);
    if (pair !== undefined && isNode(pair.key) && pair.key.range) return at(lines, pair.key.range[0]);
  }
  return at(lines, 0);
}

function at(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `line ${Math.max(1, line)}, column ${Math.max(1, col)}`;
}

/** What neither the file nor the recipe that it extends says. */
function missingIn({ weights, adversary }: RecipeFile, base: Recipe | undefined): Contradiction[] {
  const missing: Contradiction[] = [];
  if (base === undefined && weights === undefined) {
    missing.push({ fields: [["weights"]], problem: "are missing; add them, or extend a recipe" });
  }
  if (adversary && adversary.epsilon === undefined && base?.adversary === undefined) {
    missing.push({ fields: [["adversary", "epsilon"]], problem: "is missing" });
  }
  return missing;
}

/** The recipe it extends, with what the file says in its place. */
function recipeOf(file: RecipeFile, base: Recipe | undefined): Recipe {
  const adversary = adversaryOf(file, base?.adversary);
  const weights = Object.fromEntries(
    Object.entries({ ...base?.weights, ...file.weights }).filter(
      ([, weight]) => weight !== undefined && weight > 0,
    ),
  ) as LossWeights;
  const model = file.model === undefined ? base?.model : (file.model ?? undefined);
  const weightPerturbation =
    file.weightPerturbation === undefined ? base?.weightPerturbation : (file.weightPerturbation ?? undefined);
  const replays = file.replays ?? base?.replays;
  return Object.freeze<Recipe>({
    name: file.name,
    title: file.title ?? file.name,
    description: file.description ?? base?.description ?? "",
    source:
      file.source ??
      (base === undefined ? "a recipe file" : `a recipe file, after ${base.name} (${base.source})`),
    adversary,
    weights,
    ...(model === undefined ? {} : { model }),
    ...(weightPerturbation === undefined ? {} : { weightPerturbation }),
    ...(replays === undefined ? {} : { replays }),
  });
}

function adversaryOf(
  { adversary: given }: RecipeFile,
  base: AdversarySpec | undefined,
): AdversarySpec | undefined {
  if (given === null) return undefined;
  if (given === undefined) return base;
  const epsilon = given.epsilon ?? base!.epsilon;
  const steps = given.steps ?? base?.steps ?? 7;
  const relative = given.steps === undefined ? base?.relativeStepSize : undefined;
  const startDeviation = given.startDeviation ?? base?.startDeviation;
  return {
    norm: given.norm ?? base?.norm ?? "linf",
    epsilon,
    steps,
    relativeStepSize: given.stepSize === undefined ? (relative ?? 2.5 / steps) : given.stepSize / epsilon,
    randomStart: given.randomStart ?? base?.randomStart ?? true,
    ...(startDeviation === undefined ? {} : { startDeviation }),
    objective: given.objective ?? base?.objective ?? "cross-entropy",
  };
}

const REMEDY = "docs/recipes.md shows every field; `holdfast recipes at-alp` prints one to start from.";

function empty(place: string): InputError {
  return new InputError({ place, problem: "is empty", remedy: REMEDY });
}

function refused(place: string, problems: readonly string[]): InputError {
  return new InputError({
    place,
    problem: `is not a recipe:\n    ${problems.join("\n    ")}`,
    remedy: REMEDY,
  });
}
