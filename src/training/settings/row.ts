/** Rows of the table of settings, and which rows are required. */
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

/** The value at a path; for a union, of the members that have it. */
type ValueAt<T, Path extends string> = T extends unknown
  ? Path extends `${infer Key}.${infer Rest}`
    ? Key extends keyof T
      ? ValueAt<NonNullable<T[Key]>, Rest>
      : never
    : Path extends keyof T
      ? T[Path]
      : never
  : never;

/** Parts of a recipe that the command line can change; a recipe file sets the rest (docs/recipes.md). */
type RecipePath =
  | "recipe.name"
  | `recipe.adversary.${"norm" | "epsilon" | "steps" | "relativeStepSize" | "randomStart"}`
  | `recipe.weights.${"logitPairing" | "attentionPairing"}`;

export type SettingPath = LeafPath<Omit<TrainingSettings, "recipe">> | RecipePath;

/** Typed or requested values, by path. */
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
  /** The option to type; without one the command line cannot change the setting. `--no-x` turns off a default. */
  readonly flag?: string;
  readonly help: string;
  /** Its possible values; with `keep`, those that can be typed. */
  readonly rule: unknown extends T ? Rule : RuleFor<NonNullable<T>>;
  /** Its value if none is given; without a default it is absent, or has the value from the object to which it belongs. */
  readonly default?: DefaultOf<T>;
  /** Text for a default that is a rule; otherwise the value itself is shown. */
  readonly defaultText?: string;
  /** Choosing a kind sets the whole object to which it belongs to one of these. */
  readonly variants?: Readonly<Record<string, object>>;
  /** The only optimiser or schedule to which it belongs. */
  readonly only?: string;
  /** Converts the typed number to the setting. */
  readonly keep?: (typed: number, settings: TrainingSettings) => T;
}

export type SettingRows = {
  readonly [Path in SettingPath]: SettingRow<ValueAt<TrainingSettings, Path>>;
};
