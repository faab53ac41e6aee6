/** Maps data with some of a model's classes, or with its classes in another order, onto that model: labels become its outputs. */
import { InputError, nearestName, refusing } from "../../errors/index.js";
import type { Dataset } from "../dataset/index.js";
import { readTable } from "../formats/index.js";
import { lookUpClasses, type ClassLookup, type ModelClasses } from "./lookup.js";
import { findClassFault, normalName } from "./names.js";

/** A user's mapping from the data's classes to outputs. */
export interface ClassMap {
  /** The file. */
  readonly place: string;
  /** Name or number of an output, by class. */
  readonly outputs: ReadonlyMap<string, string>;
}

/** Data whose labels are outputs of a model. */
export interface MappedData {
  readonly dataset: Dataset;
  /** Classes of the data with their outputs; undefined if class k already was output k. */
  readonly pairs?: readonly ClassPair[];
  /** Whether the outputs were assumed to be ImageNet's because there are a thousand of them. */
  readonly assumed?: boolean;
}

/** A class of the data and its model output. */
export interface ClassPair {
  readonly name: string;
  readonly output: number;
}

const refused = refusing(
  "A map has the header class,output and one line per class. An output is a name, or a number from 0.",
);

/**
 * Reads a table whose first column has the data's classes and whose second has the outputs of a model, by name or number.
 *
 * @throws InputError naming the faulty line.
 */
export async function readClassMap(path: string): Promise<ClassMap> {
  const { columns, lines } = await readTable(path);
  const [name, output] = columns;
  if (columns.length !== 2) throw refused(path, `has ${columns.length} columns instead of two`);
  const outputs = new Map<string, string>();
  for (const { at, cells } of lines) {
    const [from, to] = [cells[name!]!.trim(), cells[output!]!.trim()];
    if (from === "" || to === "") throw refused(at, "lacks a class or an output");
    if (outputs.has(normalName(from))) throw refused(at, `has the class "${from}" twice`);
    outputs.set(normalName(from), to);
  }
  return { place: path, outputs };
}

/**
 * `dataset` with the outputs of `model` as labels and with the model's names for classes, so that predictions are
 * taken over all outputs. Classes are found by name, as in `lookUpClasses`, or in `map`; classes without
 * images need not be found. Data that already have class k at output k stay unchanged.
 *
 * @throws InputError if a class cannot be found, or if two classes have the same output without a map.
 */
export function mapOntoModel(
  modelName: string,
  model: ModelClasses,
  dataset: Dataset,
  map?: ClassMap,
): MappedData {
  const lookup = lookUpClasses(model);
  if (map !== undefined) return relabelled(dataset, mapped(map, lookup, dataset), lookup);
  if (isInPlace(model, dataset, lookup)) return { dataset };
  const found = withoutTaken(dataset.classNames.map((name) => lookup.outputsOf(name)));
  const isWhole = dataset.classNames.length === model.classNames.length;
  const unknown = withImages(dataset).filter((label) => found[label]!.length !== 1);
  if (unknown.length > 0) {
    // Left to the check of two lists of the same length.
    if (isWhole) return { dataset };
    throw unmapped(modelName, model, dataset, lookup, unknown);
  }
  const outputs = found.map(([output, ...more]) => (more.length > 0 ? undefined : output));
  checkDoubles(modelName, dataset, outputs);
  return relabelled(dataset, outputs, lookup);
}

/**
 * The output of each of the data's classes, found by name as in {@link lookUpClasses}; undefined if the model
 * has no such class or several.
 */
export function outputsByName(model: ModelClasses, { classNames }: Dataset): readonly (number | undefined)[] {
  const lookup = lookUpClasses(model);
  if (lookup.nameless) return classNames.map(() => undefined);
  return withoutTaken(classNames.map((name) => lookup.outputsOf(name))).map(([output, ...more]) =>
    more.length > 0 ? undefined : output,
  );
}

/** Whether class k is output k, or the user says so. */
function isInPlace(model: ModelClasses, dataset: Dataset, { assumed, names }: ClassLookup): boolean {
  if (dataset.classNames.length !== model.classNames.length) return false;
  if (dataset.classesStated === true) return true;
  const known = assumed ? { classNames: names } : model;
  return findClassFault(known, dataset) === undefined;
}

/** Removes ambiguity: an output that another class must be cannot be this one's, as for a crane next to a "crane bird". */
function withoutTaken(found: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const taken = new Set(found.flatMap((outputs) => (outputs.length === 1 ? outputs : [])));
  return found.map((outputs) => (outputs.length > 1 ? outputs.filter((each) => !taken.has(each)) : outputs));
}

function withImages({ classNames, labels }: Dataset): number[] {
  const present = new Set(labels);
  return [...classNames.keys()].filter((label) => present.has(label));
}

function mapped(map: ClassMap, lookup: ClassLookup, dataset: Dataset): (number | undefined)[] {
  const { classNames } = dataset;
  const outputs = classNames.map((name) => {
    const wanted = map.outputs.get(normalName(name));
    if (wanted === undefined) return undefined;
    const found = lookup.outputsOf(wanted);
    if (found.length === 1) return found[0];
    const number = /^\d+$/.test(wanted) ? Number(wanted) : NaN;
    if (found.length === 0 && number < lookup.names.length) return number;
    const near = nearestName(wanted, lookup.names);
    throw new InputError({
      place: map.place,
      problem: `gives "${name}" the output "${wanted}", which ${found.length === 0 ? "the model does not have" : `may be any of ${found.join(", ")}`}`,
      remedy:
        found.length === 0 && near !== undefined
          ? `Did you mean "${near}"? Name an output, or give its number, 0 to ${lookup.names.length - 1}.`
          : `Give its number, 0 to ${lookup.names.length - 1}.`,
    });
  });
  const missing = withImages(dataset).filter((label) => outputs[label] === undefined);
  if (missing.length === 0) return outputs;
  throw new InputError({
    place: map.place,
    problem: `has no line for ${list(missing.map((label) => `"${classNames[label]!}"`))} of ${dataset.name}`,
    remedy: "Add a line for each class, or select classes with --classes.",
  });
}

function relabelled(
  dataset: Dataset,
  outputs: readonly (number | undefined)[],
  { names, assumed, nameless }: ClassLookup,
): MappedData {
  const pairs = withImages(dataset).map((label) => ({
    name: dataset.classNames[label]!,
    output: outputs[label]!,
  }));
  const nameOf = (name: string, output: number): string => {
    const own = pairs.filter((pair) => pair.output === output).map((pair) => pair.name);
    return nameless && own.length > 0 ? own.join(" or ") : name;
  };
  return {
    dataset: Object.freeze({
      ...dataset,
      classNames: Object.freeze(names.map(nameOf)),
      // Settled here, because another model may have other names for the same outputs.
      classesStated: true,
      labels: dataset.labels.map((label) => outputs[label]!),
    }),
    pairs,
    assumed,
  };
}

function checkDoubles(modelName: string, dataset: Dataset, outputs: readonly (number | undefined)[]): void {
  const taken = new Map<number, string>();
  for (const label of withImages(dataset)) {
    const [name, output] = [dataset.classNames[label]!, outputs[label]!];
    const other = taken.get(output);
    if (other !== undefined) {
      throw new InputError({
        place: `model ${modelName}`,
        problem: `has one output, ${output}, for both "${other}" and "${name}" of ${dataset.name}`,
        remedy: "Put them into one folder, or map both to that output with --class-map.",
      });
    }
    taken.set(output, name);
  }
}

function unmapped(
  modelName: string,
  { classNames }: ModelClasses,
  dataset: Dataset,
  lookup: ClassLookup,
  unknown: readonly number[],
): InputError {
  const names = unknown.map((label) => dataset.classNames[label]!);
  const ambiguous = names.filter((name) => lookup.outputsOf(name).length > 1);
  const { nameless } = lookup;
  const reason = nameless
    ? "the model's file does not name its classes"
    : ambiguous.length > 0
      ? `"${ambiguous[0]!}" may be any of its outputs ${lookup.outputsOf(ambiguous[0]!).join(", ")}`
      : `it has no class ${list(names.map((name) => `"${name}"`))}`;
  return new InputError({
    place: `model ${modelName}`,
    problem:
      `has ${classNames.length} classes and ${dataset.name} has ${dataset.classNames.length}, and ${reason}\n` +
      sideBySideLists(
        `the model's${lookup.assumed ? " (ImageNet's, from its number of outputs)" : ""}`,
        lookup.names,
        dataset,
      ),
    remedy:
      "Map them with --class-map map.csv (a header, then lines such as " +
      `${csvCell(names[0]!)},${csvCell(lookup.names[0]!)}), ` +
      (nameless
        ? "name the model's classes with --labels labels.txt (one per line)"
        : "rename the folders to the model's class names") +
      ", or select classes with --classes.",
  });
}

const csvCell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Number of names shown from a list. */
const SHOWN = 4;

/** `a, b, c, d and 12 more` */
function list(names: readonly string[]): string {
  return names.length <= SHOWN + 1
    ? names.join(", ")
    : `${names.slice(0, SHOWN).join(", ")} and ${names.length - SHOWN} more`;
}

/** Two columns, the first and last classes of each. */
function sideBySideLists(title: string, names: readonly string[], dataset: Dataset): string {
  const shortened = (all: readonly string[]): string[] =>
    all.length <= 2 * SHOWN
      ? all.map((name, i) => `${i} ${name}`)
      : [
          ...all.slice(0, SHOWN).map((name, i) => `${i} ${name}`),
          "…",
          ...all.slice(-2).map((name, i) => `${all.length - 2 + i} ${name}`),
        ];
  const [left, right] = [
    [title, ...shortened(names)],
    [`the data's`, ...shortened(dataset.classNames)],
  ];
  const width = Math.max(...left.map(({ length }) => length));
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
    `    ${(left[i] ?? "").padEnd(width)}   ${right[i] ?? ""}`.trimEnd(),
  ).join("\n");
}
