/** What a row of the table of settings says, and which rows there must be. */
import type { ChoiceRule, FlagRule, ListRule, NumberRule, Rule, TextRule } from "../../options/index.js";
import type { TrainingSettings } from "./settings.js";

/** Paths to the values of plain data: `validation.images`. Lists are values. */
type LeafPath<T> = T extends unknown
  ? {
      [K in keyof T & string]: NonNullable<T[K]> extends number | string | boolean | readonly unknown[]
        ? K
        : `${K}.${LeafPath<NonNullable<T[K]>>}`;
    }[keyof T & string]
  : never;

/** The value at a path; of alternatives, those that have it. */
type ValueAt<T, Path extends string> = T extends unknown
  ? Path extends `${infer Key}.${infer Rest}`
    ? Key extends keyof T
      ? ValueAt<NonNullable<T[Key]>, Rest>
      : never
    : Path extends keyof T
      ? T[Path]
      : never
  : never;

/** Parts of a recipe that the command line can change; a recipe file says the rest (docs/recipes.md). */
type RecipePath =
  | "recipe.name"
  | `recipe.adversary.${"norm" | "epsilon" | "steps" | "relativeStepSize" | "randomStart"}`
  | `recipe.weights.${"logitPairing" | "attentionPairing"}`;

export type SettingPath = LeafPath<Omit<TrainingSettings, "recipe">> | RecipePath;

/** What was typed or asked for, by path. */
export type GivenSettings = { readonly [Path in SettingPath]?: string | number | boolean };

type RuleFor<T> = [T] extends [boolean]
  ? FlagRule
  : [T] extends [number]
    ? NumberRule
    : [T] extends [readonly number[]]
      ? ListRule
      : ChoiceRule<T & string> | TextRule;

type DefaultOf<T> = T | ((settings: TrainingSettings, given: GivenSettings) => T | undefined);

/** One setting of a training. */
export interface SettingRow<T = unknown> {
  /** As it is typed; without one the command line cannot change it. `--no-x` turns off what is on. */
  readonly flag?: string;
  readonly help: string;
  /** What it may be; where `keep` is given, what may be typed. */
  readonly rule: unknown extends T ? Rule : RuleFor<NonNullable<T>>;
  /** Its value where nothing is given; without one it is left out, or as the whole that it belongs to has it. */
  readonly default?: DefaultOf<T>;
  /** How the default reads where it is a rule; otherwise the value itself. */
  readonly defaultText?: string;
  /** Choosing a kind sets the whole that it is the kind of to one of these. */
  readonly variants?: Readonly<Record<string, object>>;
  /** It belongs to this optimiser or schedule alone. */
  readonly only?: string;
  /** From the number that is typed to the value that is kept. */
  readonly keep?: (typed: number, settings: TrainingSettings) => T;
}

export type SettingRows = {
  readonly [Path in SettingPath]: SettingRow<ValueAt<TrainingSettings, Path>>;
};
