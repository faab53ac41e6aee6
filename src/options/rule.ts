/** The values that an option accepts, as plain data. */
export type Rule = NumberRule | ChoiceRule | FlagRule | TextRule | ListRule;

/** A finite number within bounds. */
export interface NumberRule {
  readonly kind: "number";
  readonly whole?: boolean;
  /** Inclusive bounds. */
  readonly least?: number;
  readonly most?: number;
  /** Exclusive bounds. */
  readonly above?: number;
  readonly below?: number;
}

/** One of several words. */
export interface ChoiceRule<Word extends string = string> {
  readonly kind: "choice";
  readonly choices: readonly Word[];
}

export interface FlagRule {
  readonly kind: "flag";
}

export interface TextRule {
  readonly kind: "text";
}

/** Numbers, each within the same bounds. */
export interface ListRule {
  readonly kind: "list";
  readonly of: NumberRule;
}

/** A rule for an integer in [`least`, `most`]. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): NumberRule {
  return { kind: "number", whole: true, least, most };
}

/** A rule for a number in [0, `most`]. */
export function upTo(most: number): NumberRule {
  return { kind: "number", least: 0, most };
}

/** A rule for one of several words, or of the names in a table. */
export function choice<const Word extends string>(
  choices: readonly Word[] | Readonly<Record<Word, unknown>>,
): ChoiceRule<Word> {
  return { kind: "choice", choices: Array.isArray(choices) ? choices : (Object.keys(choices) as Word[]) };
}

export function list(of: NumberRule): ListRule {
  return { kind: "list", of };
}

export const COUNT: NumberRule = whole(1);
export const POSITIVE: NumberRule = { kind: "number", above: 0 };
export const NOT_NEGATIVE: NumberRule = { kind: "number", least: 0 };
export const SHARE: NumberRule = upTo(1);
export const SHARE_BELOW_ONE: NumberRule = { kind: "number", least: 0, below: 1 };
export const SHARE_ABOVE_ZERO: NumberRule = { kind: "number", above: 0, most: 1 };
export const FLAG: FlagRule = { kind: "flag" };
export const TEXT: TextRule = { kind: "text" };

/** Whether the rule accepts the value. */
export function accepts(rule: Rule, value: unknown): boolean {
  switch (rule.kind) {
    case "number": {
      if (typeof value !== "number" || !Number.isFinite(value)) return false;
      const { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity } = rule;
      if (rule.whole === true && !Number.isSafeInteger(value)) return false;
      return value >= least && value <= most && value > above && value < below;
    }
    case "choice":
      return rule.choices.some((word) => word === value);
    case "flag":
      return typeof value === "boolean";
    case "text":
      return typeof value === "string";
    case "list":
      return Array.isArray(value) && value.every((each) => accepts(rule.of, each));
  }
}

/** Describes a rule as in `a whole number from 1 up`, to follow "must be". */
export function describeRule(rule: Rule): string {
  switch (rule.kind) {
    case "number":
      return `a ${rule.whole === true ? "whole " : ""}number${describeRange(rule)}`;
    case "choice":
      return `one of ${rule.choices.join(", ")}`;
    case "flag":
      return "true or false";
    case "text":
      return "text";
    case "list":
      return `a list, each ${describeRule(rule.of)}`;
  }
}

function describeRange({ least, most = Number.MAX_SAFE_INTEGER, above, below }: NumberRule): string {
  const top = most < Number.MAX_SAFE_INTEGER;
  if (above !== undefined) return ` above ${above}${top ? ` and at most ${most}` : ""}`;
  if (least === undefined) return "";
  if (below !== undefined) return ` of at least ${least} and below ${below}`;
  return top ? ` from ${least} to ${most}` : ` from ${least} up`;
}

/** The JSON Schema (draft 2020-12) of the accepted values. */
export function ruleJsonSchema(rule: Rule): Record<string, unknown> {
  switch (rule.kind) {
    case "number":
      return {
        type: rule.whole === true ? "integer" : "number",
        ...(rule.least === undefined ? {} : { minimum: rule.least }),
        ...(rule.most === undefined || rule.most === Number.MAX_SAFE_INTEGER ? {} : { maximum: rule.most }),
        ...(rule.above === undefined ? {} : { exclusiveMinimum: rule.above }),
        ...(rule.below === undefined ? {} : { exclusiveMaximum: rule.below }),
      };
    case "choice":
      return { enum: rule.choices };
    case "flag":
      return { type: "boolean" };
    case "text":
      return { type: "string" };
    case "list":
      return { type: "array", items: ruleJsonSchema(rule.of) };
  }
}
