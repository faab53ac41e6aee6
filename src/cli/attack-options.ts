import { InvalidArgumentError, Option, type Command } from "commander";
import {
  CARDS,
  checkLength,
  normLabel,
  NORMS,
  resolveOptions,
  stagesOf,
  SUITES,
  type AttackName,
  type Norm,
  type OptionRow,
  type OptionRows,
  type OptionValue,
  type SuiteName,
  type SuiteStage,
} from "../attacks/cards/index.js";
import { UsageError } from "../errors/index.js";
import { bytes, count, formatEpsilon, fractions, notNegative, oneOf, positive } from "./values.js";

/** How images are attacked. The attack's own options are in {@link givenOptions}. */
export interface AttackOptions {
  /** An attack, or a suite if the command takes suites. */
  readonly attack: string;
  readonly norm: Norm;
  readonly epsilon?: number[];
  readonly batchSize: number;
  /** Memory limit of the process in bytes. */
  readonly memory?: number;
}

/** The typed options of an attack. */
export type Given = Readonly<Record<string, OptionValue>>;

/** The name for no attack. */
export const NO_ATTACK = "none";
/** The defaults. */
const USUAL_ATTACK = "pgd";
const USUAL_SUITE = "auto";

interface AttackChoices {
  /** Help of `--epsilon`. */
  readonly epsilon: string;
  /** Further choices, such as the name for no attack. */
  readonly also?: readonly string[];
  /** Whether suites are among the choices; the default is then `auto`. */
  readonly suites?: boolean;
}

/** Adds the option that chooses an attack, and the options of all attacks. */
export function attackOptions(
  command: Command,
  { epsilon, also = [], suites = false }: AttackChoices,
): Command {
  const names = Object.keys(CARDS) as AttackName[];
  const choices = [...(suites ? Object.keys(SUITES) : []), ...names, ...also];
  const standard = suites
    ? `${USUAL_SUITE}, or ${USUAL_ATTACK} if you give an option of an attack`
    : USUAL_ATTACK;
  command
    .addOption(attackOption(choices, standard))
    .addOption(oneOf("--norm <name>", "norm of the perturbation", NORMS).default("linf"))
    .option("--epsilon <list>", epsilon, fractions);
  command.optionsGroup("Options of the attacks:");
  for (const [name, row] of Object.entries(allRows())) command.addOption(flagOf(name, row));
  return command
    .optionsGroup("Options:")
    .addHelpText("after", listAttacks(suites, also))
    .option("--batch-size <n>", "images attacked at a time", count, 100)
    .option(
      "--memory <size>",
      "memory limit of the process, such as 8GB: attacks fewer images at a time to stay within it",
      bytes,
    )
    .hook("preAction", () => {
      const given = givenOptions(command);
      if (command.getOptionValue("attack") === undefined) {
        const single =
          !suites || Object.keys(given).length > 0 || command.getOptionValue("iterations") !== undefined;
        const isPatch = command.getOptionValue("norm") === "patch";
        command.setOptionValue("attack", isPatch ? "patch" : single ? USUAL_ATTACK : USUAL_SUITE);
      }
      const { attack, norm, epsilon: radii } = command.opts<AttackOptions>();
      checkLengths(norm, {
        epsilon: radii,
        stepSize: command.opts()["stepSize"] as number | undefined,
      });
      if (!isAttack(attack) && !isSuite(attack)) return;
      const threat = { norm, epsilon: radii?.at(-1) ?? 1 };
      if (isSuite(attack)) refuseOptions(attack, given);
      resolveOptions(`--attack ${attack}`, rowsOf(attack), threat, given, flagName);
    });
}

/** The typed options, by the names of the attack's rows. */
export function givenOptions(command: Command): Given {
  const given: Record<string, OptionValue> = {};
  for (const name of Object.keys(allRows())) {
    const source = command.getOptionValueSource(name);
    if (source !== undefined && source !== "default")
      given[name] = command.getOptionValue(name) as OptionValue;
  }
  return given;
}

/** The options of an attack; none for a suite, whose attacks set their own. */
function rowsOf(attack: string): OptionRows {
  return isAttack(attack) ? CARDS[attack].options : {};
}

function isAttack(name: string): name is AttackName {
  return Object.hasOwn(CARDS, name);
}

function isSuite(name: string): name is SuiteName {
  return Object.hasOwn(SUITES, name);
}

/** The rows of all attacks; if two share a name, the first one's. */
function allRows(): OptionRows {
  const all: Record<string, OptionRow> = {};
  for (const { options } of Object.values(CARDS)) {
    for (const [name, row] of Object.entries(options as OptionRows)) all[name] ??= row;
  }
  return all;
}

function attackOption(names: readonly string[], standard: string): Option {
  const takesSuites = names.some(isSuite);
  const option = oneOf(
    "--attack <name>",
    `attack${takesSuites ? " or suite" : ""}, listed below (default: ${standard})`,
    names,
  );
  const parse = option.parseArg!;
  return option.argParser((text, previous: unknown) => {
    if (isSuite(text) && !takesSuites) {
      throw new InvalidArgumentError("It is a suite of attacks. Run suites with holdfast evaluate.");
    }
    return parse(text, previous);
  });
}

/** @throws UsageError if any was typed, because a suite's attacks set their own options. */
function refuseOptions(suite: SuiteName, given: Given): void {
  const [typed] = Object.keys(given);
  if (typed === undefined) return;
  throw new UsageError({
    place: flagName(typed),
    problem: `does not apply to the suite ${suite}: its attacks set their own options`,
    remedy: `Omit it, or choose one of the suite's attacks: ${[...new Set(SUITES[suite].stages.map(({ attack }) => attack))].join(", ")}.`,
  });
}

/** Lists the attacks, and the suites and other choices, with a line each. */
function listAttacks(takesSuites: boolean, also: readonly string[]): string {
  const suites = takesSuites ? Object.values(SUITES) : [];
  const width = Math.max(...[...Object.values(CARDS), ...suites].map(({ name }) => name.length));
  const lines = (cards: readonly { readonly name: string; readonly help: string }[]): string[] =>
    cards.map(({ name, help }) => `  ${name.padEnd(width)}  ${help}`);
  return [
    "",
    "Attacks:",
    ...lines(Object.values(CARDS)),
    ...(takesSuites && also.includes(NO_ATTACK)
      ? [`  ${NO_ATTACK.padEnd(width)}  no attack: score the clean images and whatever else you ask for`]
      : []),
    ...(suites.length === 0
      ? []
      : ["", "Suites (each attack runs on the images that survived the ones before it):"]),
    ...lines(suites),
  ].join("\n");
}

/** The attacks that have an option, and its defaults: `default: 40 for pgd; 100 for apgd, apgd-t`. */
function describeBelonging(option: string): string {
  const byDefault = new Map<string, string[]>();
  for (const { name, options } of Object.values(CARDS)) {
    const row = (options as OptionRows)[option];
    if (row === undefined || row.fixed === true) continue;
    const standard = row.defaultText ?? String(row.default);
    byDefault.set(standard, [...(byDefault.get(standard) ?? []), name]);
  }
  // A flag is typed to change its default.
  if (allRows()[option]!.kind === "flag") return [...byDefault.values()].flat().join(", ");
  return `default: ${[...byDefault].map(([standard, names]) => `${standard} for ${names.join(", ")}`).join("; ")}`;
}

/** `stepSize` in words: `step size`. */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** `stepSize` as it is typed: `--step-size`. */
export function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function flagOf(name: string, row: OptionRow): Option {
  const help = `${row.kind === "flag" ? row.off : row.help} (${describeBelonging(name)})`;
  switch (row.kind) {
    case "count":
      return new Option(`${flagName(name)} <n>`, help).argParser(count);
    case "positive":
      return new Option(`${flagName(name)} <x>`, help).argParser(
        row.orNone === true ? notNegative : positive,
      );
    case "choice":
      return oneOf(`${flagName(name)} <name>`, help, row.choices);
    case "flag":
      return new Option(flagName(name).replace("--", "--no-"), help);
  }
}

/** Refuses impossible radii and steps before a model or an image is read. */
export function checkLengths(
  norm: Norm,
  {
    epsilon = [],
    stepSize,
  }: { readonly epsilon?: number | readonly number[] | undefined; readonly stepSize?: number | undefined },
): void {
  for (const each of [epsilon].flat()) checkLength("--epsilon", norm, each);
  if (stepSize !== undefined) checkLength("--step-size", norm, stepSize);
}

/** `APGD`, with the options that differ from its defaults: `APGD (loss dlr, 20 draws if randomised)`. */
function describeStage({ attack, options }: SuiteStage): string {
  const told = Object.entries(options).map(([name, value]) =>
    name === "draws" ? `${value} draws if randomised` : `${wordsOf(name)} ${value}`,
  );
  return `${CARDS[attack].label}${told.length === 0 ? "" : ` (${told.join(", ")})`}`;
}

/** Text of a default that is a rule; for a choice, its value in the norm. */
function textOf(row: OptionRow, norm: Norm): string {
  if (row.kind === "choice" && typeof row.default === "function")
    return row.default({ norm, epsilon: 1 }, {});
  return row.defaultText ?? "by ε";
}

/** `PGD, L∞, ε 0.3: steps 40, step size 2.5 ε / steps, random start, …` */
export function describeAttack(
  { attack, norm }: Pick<AttackOptions, "attack" | "norm">,
  given: Given,
  epsilons: readonly number[],
): string {
  if (attack === NO_ATTACK) return "no attack";
  const rows = Object.entries(rowsOf(attack)).map(([name, row]) => {
    const words = wordsOf(name);
    const value = given[name] ?? row.default;
    const shown = typeof value === "function" ? textOf(row, norm) : value;
    if (typeof shown === "boolean") return shown ? words : `no ${words}`;
    return `${words} ${typeof shown === "number" ? formatEpsilon(shown) : shown}`;
  });
  const label = isSuite(attack) ? SUITES[attack].label : isAttack(attack) ? CARDS[attack].label : attack;
  const stages = isSuite(attack) ? stagesOf(SUITES[attack], norm).map(describeStage) : [];
  return (
    `${label}, ${normLabel(norm)}, ε ${epsilons.map(formatEpsilon).join(", ")}` +
    (rows.length + stages.length === 0 ? "" : `: ${[...stages, ...rows].join(", ")}`)
  );
}
