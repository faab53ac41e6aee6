import { UsageError } from "../../errors/index.js";
import type { ThreatModel } from "../threat.js";

/** Values of an attack's options; all of them are printed with each result. */
export type OptionValue = number | string | boolean;

/** What an option's default may depend on: the threat and the preceding options. */
export type Default<T> = T | ((threat: ThreatModel, options: Readonly<Record<string, OptionValue>>) => T);

interface Row<T extends OptionValue> {
  readonly default: Default<T>;
  /** One line for `--help`. */
  readonly help: string;
  /** Text of the default if it is a rule, such as `2.5 ε / steps`. */
  readonly defaultText?: string;
  /** The attack allows no other value. */
  readonly fixed?: boolean;
}

/** An integer of at least `least`. */
export type CountRow = Row<number> & { readonly kind: "count"; readonly least: number };
/** A number above 0, or also 0 with `orNone`. */
export type PositiveRow = Row<number> & { readonly kind: "positive"; readonly orNone?: boolean };
/** On by default; `off` describes the opposite. */
export type FlagRow = Row<boolean> & { readonly kind: "flag"; readonly off: string };
/** One of some words. */
export type ChoiceRow<C extends string = string> = Row<C> & {
  readonly kind: "choice";
  readonly choices: readonly C[];
};
/** An option of an attack: its kind, its default and its help. */
export type OptionRow = CountRow | PositiveRow | FlagRow | ChoiceRow;

/** The options of an attack by name, in the order in which they are resolved and printed. */
export type OptionRows = Readonly<Record<string, OptionRow>>;

type ValueOf<R> = R extends ChoiceRow<infer C> ? C : R extends FlagRow ? boolean : number;

/** Every option of an attack, defaults filled in. */
export type OptionsOf<R extends OptionRows> = { readonly [Name in keyof R]: ValueOf<R[Name]> };

export const count = (row: Omit<CountRow, "kind" | "least"> & { readonly least?: number }): CountRow => ({
  kind: "count",
  least: 1,
  ...row,
});
export const positive = (row: Omit<PositiveRow, "kind">): PositiveRow => ({ kind: "positive", ...row });
export const flag = (row: Omit<FlagRow, "kind">): FlagRow => ({ kind: "flag", ...row });
export const choice = <C extends string>(row: Omit<ChoiceRow<C>, "kind">): ChoiceRow<C> => ({
  kind: "choice",
  ...row,
});
/** The same option, for an attack with a fixed value. */
export const fixed = <R extends OptionRow>(row: R, value: R["default"], text: string = String(value)): R => ({
  ...row,
  default: value,
  defaultText: text,
  fixed: true,
});

/**
 * Every option with its value: the one given, or the default for this threat.
 *
 * @param place what has the options, such as `attack pgd`.
 * @param nameOf how to name an option in errors; by default `stepSize` is "step size".
 * @throws UsageError naming an unknown option or an invalid value.
 */
export function resolveOptions<R extends OptionRows>(
  place: string,
  rows: R,
  threat: ThreatModel,
  given: Readonly<Record<string, OptionValue | undefined>>,
  nameOf: (name: string) => string = words,
): OptionsOf<R> {
  const unknown = Object.keys(given).find((name) => given[name] !== undefined && !Object.hasOwn(rows, name));
  if (unknown !== undefined) {
    const known = Object.keys(rows);
    throw new UsageError({
      place,
      problem: `has no option ${nameOf(unknown)}`,
      remedy: known.length === 0 ? "It has none." : `Its options are: ${known.map(nameOf).join(", ")}.`,
    });
  }
  const resolved: Record<string, OptionValue> = {};
  for (const [name, row] of Object.entries(rows)) {
    const standard = typeof row.default === "function" ? row.default(threat, resolved) : row.default;
    const value = given[name] ?? standard;
    if (row.fixed === true && value !== standard) {
      throw new UsageError({
        place: nameOf(name),
        problem: `does not apply to ${place}, whose value is always ${row.defaultText ?? String(standard)}`,
        remedy: "Omit it, or choose another attack.",
      });
    }
    checkValue(nameOf(name), row, value);
    resolved[name] = value;
  }
  return resolved as OptionsOf<R>;
}

/** `stepSize` in words: "step size". */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function checkValue(place: string, row: OptionRow, value: OptionValue): void {
  const wrong = (expected: string): never => {
    throw new UsageError({ place, problem: `must be ${expected}, found ${String(value)}` });
  };
  switch (row.kind) {
    case "count":
      if (!Number.isSafeInteger(value) || (value as number) < row.least)
        wrong(`an integer of at least ${row.least}`);
      break;
    case "positive":
      if (row.orNone === true && value === 0) break;
      if (!(typeof value === "number" && value > 0 && Number.isFinite(value)))
        wrong(row.orNone === true ? "a number of at least 0" : "a positive number");
      break;
    case "flag":
      if (typeof value !== "boolean") wrong("true or false");
      break;
    case "choice":
      if (!row.choices.includes(value as string)) wrong(`one of ${row.choices.join(", ")}`);
  }
}
