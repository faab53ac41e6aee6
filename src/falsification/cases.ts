/** Converts the conditions of a file to cases: a box of inputs and inequalities that the outputs must satisfy in it. */
import { InputError } from "../errors/index.js";
import type { Condition, Inequality, Statement } from "./parse.js";

/** Σ factors[k] · Y[outputs[k]] ≤ bound */
export interface OutputBound {
  readonly outputs: readonly number[];
  readonly factors: readonly number[];
  readonly bound: number;
}

/** One kind of counterexample: a point of the box whose outputs satisfy every bound. */
export interface Case {
  /** In float32: exactly those points of the file's box that float32 can represent. */
  box(): { readonly lower: Float32Array; readonly upper: Float32Array };
  /** Whether its box is the one that the file states for all cases. */
  readonly isShared: boolean;
  /** Places in {@link Property.bounds}, each once. */
  readonly bounds: readonly number[];
}

/** What a file asks for: a counterexample to any of its cases. */
export interface Property {
  readonly place: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Every bound of outputs in any of the cases, each once. */
  readonly bounds: readonly OutputBound[];
  /** At least one. */
  readonly cases: readonly Case[];
}

/** Most cases that disjunctions may expand to, and most inequalities in all of them together. */
const MOST_CASES = 2 ** 16;
const MOST_INEQUALITIES = 2 ** 22;

/** What is known about one input, and the lines that state it. */
interface Range {
  lower: number;
  upper: number;
  lowerLine: number;
  upperLine: number;
}
type Ranges = Map<number, Range>;

/**
 * The property in a file. Cases that contradict themselves are omitted. If there is no float32 between the bounds of an
 * input, the nearest one is used.
 *
 * @throws InputError naming the line, if an input lacks a bound, if a condition is neither a bound of one input nor
 * linear in only outputs, or if all cases contradict themselves.
 */
export function propertyOf({ inputs, outputs, asserted }: Statement, place: string): Property {
  const parts = asserted.flatMap(conjuncts);
  const shared = parts.flatMap((part) => (part.kind === "inequality" ? [part.inequality] : []));
  const base: Ranges = new Map();
  let refused = narrow(base, shared, place) ?? contradictionOf(shared);
  if (refused !== undefined) throw contradiction(place, refused);
  const open = Array.from({ length: inputs }, (_, i) => i).filter((i) => !isBounded(base.get(i)));
  const sharedOutputs = shared.filter(isOfOutputs);
  const collected = new Bounds();
  const cases: Case[] = [];
  const sometimes = parts.filter(({ kind }) => kind !== "inequality");
  for (const own of alternatives(sometimes, sharedOutputs.length, place)) {
    const ranges: Ranges = new Map();
    const ofOutputs = [...sharedOutputs, ...own.filter(isOfOutputs)];
    const found = narrow(ranges, own, place, base) ?? contradictionOf(ofOutputs);
    refused ??= found;
    if (found !== undefined) continue;
    const missing = open.find((i) => !isBounded(ranges.get(i)));
    if (missing !== undefined) throw unbounded(place, missing, ranges.get(missing) ?? base.get(missing));
    const bounds = new Set(ofOutputs.map((each) => collected.add(each)));
    cases.push({ box: () => boxOf(inputs, base, ranges), isShared: ranges.size === 0, bounds: [...bounds] });
  }
  if (cases.length === 0) throw contradiction(place, refused!);
  return { place, inputs, outputs, bounds: collected.all, cases };
}

/** The parts of an `and`, including nested ones; any other condition itself. */
function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === "and" ? condition.parts.flatMap(conjuncts) : [condition];
}

const isOfOutputs = ({ terms }: Inequality): boolean =>
  terms.length > 0 && terms.every(({ of }) => of === "Y");

const isBounded = (range: Range | undefined): boolean =>
  range !== undefined && Number.isFinite(range.lower) && Number.isFinite(range.upper);

/** The disjunctive normal form of all conditions together: lists of inequalities, one of which must hold as a whole. */
function alternatives(
  conditions: readonly Condition[],
  shared: number,
  place: string,
): readonly (readonly Inequality[])[] {
  const refuse = (line: number): never => {
    throw new InputError({
      place: `${place}, line ${line}`,
      problem: `its disjunctions expand to more than ${MOST_CASES} cases or ${MOST_INEQUALITIES} inequalities`,
      remedy: "Split the property into several files.",
    });
  };
  const checked = (
    cases: readonly (readonly Inequality[])[],
    line: number,
  ): readonly (readonly Inequality[])[] => {
    const total = cases.reduce((sum, each) => sum + each.length + shared, 0);
    return cases.length > MOST_CASES || total > MOST_INEQUALITIES ? refuse(line) : cases;
  };
  const all = (parts: readonly Condition[], line: number): readonly (readonly Inequality[])[] => {
    const forms = parts.map(form);
    // Conditions with a single form are combined at once, to avoid quadratic time.
    const always = forms.filter(({ length }) => length === 1).flat(2);
    let product: readonly (readonly Inequality[])[] = [always];
    for (const each of forms) {
      if (each.length === 1) continue;
      if (product.length * each.length > MOST_CASES) refuse(line);
      product = checked(
        product.flatMap((one) => each.map((other) => [...one, ...other])),
        line,
      );
    }
    return product;
  };
  const form = (condition: Condition): readonly (readonly Inequality[])[] => {
    if (condition.kind === "inequality") return [[condition.inequality]];
    const { parts, line } = condition;
    return condition.kind === "and" ? all(parts, line) : checked(parts.flatMap(form), line);
  };
  return all(conditions, lineOf(conditions[0]));
}

function lineOf(condition: Condition | undefined): number {
  if (condition === undefined) return 1;
  return condition.kind === "inequality" ? condition.inequality.line : condition.line;
}

/** Narrows the ranges of inputs, starting at `base` for missing ones. Returns a contradiction, if any. */
function narrow(
  ranges: Ranges,
  inequalities: readonly Inequality[],
  place: string,
  base?: ReadonlyMap<number, Range>,
): string | undefined {
  for (const { terms, bound, line } of inequalities) {
    if (terms.length === 0 && !(bound >= 0)) return `the condition on line ${line} never holds`;
    const input = terms.find(({ of }) => of === "X");
    if (input === undefined) continue;
    if (terms.length > 1) {
      throw new InputError({
        place: `${place}, line ${line}`,
        problem: `relates X_${input.index} to ${terms.some(({ of }) => of === "Y") ? "outputs" : "other inputs"}`,
        remedy:
          "falsify needs numeric bounds for each input: a box. Rewrite the property that way, or use a verifier.",
      });
    }
    const { index, factor } = input;
    const range = ranges.get(index) ?? {
      ...(base?.get(index) ?? { lower: -Infinity, upper: Infinity, lowerLine: 0, upperLine: 0 }),
    };
    ranges.set(index, range);
    // Not −0.
    const value = bound / factor + 0;
    if (factor > 0 && value < range.upper) [range.upper, range.upperLine] = [value, line];
    if (factor < 0 && value > range.lower) [range.lower, range.lowerLine] = [value, line];
    if (range.lower > range.upper) {
      return `X_${index} is at least ${range.lower} (line ${range.lowerLine}) and at most ${range.upper} (line ${range.upperLine})`;
    }
  }
  return undefined;
}

/** Two bounds of the same sum of outputs with nothing between them. */
function contradictionOf(inequalities: readonly Inequality[]): string | undefined {
  const sums = new Map<string, Range>();
  for (const { terms, bound, line } of inequalities) {
    if (terms.length === 0 || terms[0]!.of === "X") continue;
    const sorted = terms.toSorted((a, b) => a.index - b.index);
    const scale = sorted[0]!.factor;
    const key = sorted.map(({ index, factor }) => `${index}:${factor / scale}`).join();
    const range = sums.get(key) ?? { lower: -Infinity, upper: Infinity, lowerLine: 0, upperLine: 0 };
    sums.set(key, range);
    const value = bound / scale;
    if (scale > 0 && value < range.upper) [range.upper, range.upperLine] = [value, line];
    if (scale < 0 && value > range.lower) [range.lower, range.lowerLine] = [value, line];
    if (range.lower > range.upper) {
      const lines = [range.lowerLine, range.upperLine].sort((a, b) => a - b);
      return `lines ${lines.join(" and ")} cannot both hold for ${sorted.map(({ index }) => `Y_${index}`).join(", ")}`;
    }
  }
  return undefined;
}

function contradiction(place: string, problem: string): InputError {
  return new InputError({
    place,
    problem: `contradicts itself: ${problem}`,
    remedy: "No input can be a counterexample, whatever the model. Fix the bounds.",
  });
}

function unbounded(place: string, index: number, range: Range | undefined): InputError {
  const missing = range === undefined || range.lower === -Infinity ? "lower" : "upper";
  return new InputError({
    place,
    problem: `X_${index} has no ${missing} bound`,
    remedy: `Bound each input on both sides, in every case: (assert (${missing === "lower" ? ">=" : "<="} X_${index} 0.5)).`,
  });
}

/** Bounds of outputs, each once. */
class Bounds {
  readonly all: OutputBound[] = [];
  readonly #places = new Map<string, number>();

  /** Its place in the list. */
  add({ terms, bound }: Inequality): number {
    const sorted = terms.toSorted((a, b) => a.index - b.index);
    const key = `${sorted.map(({ index, factor }) => `${index}:${factor}`).join()}<${bound}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.all.length);
    this.all.push({
      outputs: sorted.map(({ index }) => index),
      factors: sorted.map(({ factor }) => factor),
      bound,
    });
    return this.all.length - 1;
  }
}

function boxOf(
  inputs: number,
  base: ReadonlyMap<number, Range>,
  own: ReadonlyMap<number, Range>,
): { readonly lower: Float32Array; readonly upper: Float32Array } {
  const [lower, upper] = [new Float32Array(inputs), new Float32Array(inputs)];
  for (let i = 0; i < inputs; i++) {
    const range = own.get(i) ?? base.get(i)!;
    [lower[i], upper[i]] = [leastAbove(range.lower), -leastAbove(-range.upper)];
    if (lower[i]! > upper[i]!) lower[i] = upper[i] = range.lower / 2 + range.upper / 2;
  }
  return { lower, upper };
}

/** The smallest float32 that is not below the value. */
function leastAbove(value: number): number {
  const near = Math.fround(value);
  if (near >= value) return near;
  if (near === 0) return 2 ** -149;
  const bits = new Int32Array(Float32Array.of(near).buffer);
  bits[0]! += near > 0 ? 1 : -1;
  return new Float32Array(bits.buffer)[0]!;
}
