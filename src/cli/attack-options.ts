import { Option, type Command } from "commander";
import {
  CARDS,
  resolveOptions,
  SUITES,
  type AttackName,
  type OptionRow,
  type OptionRows,
  type OptionValue,
  type SuiteName,
} from "../attacks/cards/index.js";
import { count, formatEpsilon, fractions, oneOf, positive } from "./values.js";

/** How images are attacked; what an attack itself may be told is in {@link givenOptions}. */
export interface AttackOptions {
  /** An attack, or a suite where the command takes them. */
  readonly attack: string;
  readonly norm: "linf" | "l2";
  readonly epsilon?: number[];
  readonly batchSize: number;
}

/** What was typed of an attack's own options. */
export type Given = Readonly<Record<string, OptionValue>>;

/** What is run where nothing is said. */
const USUAL_ATTACK = "pgd";
const USUAL_SUITE = "auto";

interface AttackChoices {
  /** Help of `--epsilon`. */
  readonly epsilon: string;
  /** What may stand for no attack. */
  readonly also?: readonly string[];
  /** Whether suites are among the choices; `auto` is then what is usual. */
  readonly suites?: boolean;
}

/** Which attack, and what every one of them may be told. */
export function attackOptions(
  command: Command,
  { epsilon, also = [], suites = false }: AttackChoices,
): Command {
  const names = Object.keys(CARDS) as AttackName[];
  const choices = [...(suites ? Object.keys(SUITES) : []), ...names, ...also];
  const standard = suites ? `${USUAL_SUITE}, or ${USUAL_ATTACK} where its options are given` : USUAL_ATTACK;
  command
    .addOption(oneOf("--attack <name>", `attack${suites ? " or suite" : ""} (default: ${standard})`, choices))
    .addOption(oneOf("--norm <name>", "norm of the perturbation", ["linf", "l2"]).default("linf"))
    .option("--epsilon <list>", epsilon, fractions);
  for (const [name, row] of Object.entries(allRows())) command.addOption(flagOf(name, row));
  return command
    .option("--batch-size <n>", "images attacked at a time", count, 100)
    .hook("preAction", async () => {
      const given = givenOptions(command);
      if (command.getOptionValue("attack") === undefined) {
        const single =
          !suites || Object.keys(given).length > 0 || command.getOptionValue("iterations") !== undefined;
        command.setOptionValue("attack", single ? USUAL_ATTACK : USUAL_SUITE);
      }
      const { attack, norm, epsilon: radii } = command.opts<AttackOptions>();
      await checkLengths(norm, {
        epsilon: radii,
        stepSize: command.opts()["stepSize"] as number | undefined,
      });
      if (!isAttack(attack) && !isSuite(attack)) return;
      const threat = { norm, epsilon: radii?.at(-1) ?? 1 };
      resolveOptions(`--attack ${attack}`, rowsOf(attack), threat, given, flagName);
    });
}

/** What was typed, by the names of the attack's rows. */
export function givenOptions(command: Command): Given {
  const given: Record<string, OptionValue> = {};
  for (const name of Object.keys(allRows())) {
    const source = command.getOptionValueSource(name);
    if (source !== undefined && source !== "default")
      given[name] = command.getOptionValue(name) as OptionValue;
  }
  return given;
}

/** What an attack may be told; a suite's attacks have their own. */
function rowsOf(attack: string): OptionRows {
  return isAttack(attack) ? CARDS[attack].options : {};
}

function isAttack(name: string): name is AttackName {
  return Object.hasOwn(CARDS, name);
}

function isSuite(name: string): name is SuiteName {
  return Object.hasOwn(SUITES, name);
}

/** The rows of all attacks; where two have one of the same name, the first's. */
function allRows(): OptionRows {
  return Object.assign(
    {},
    ...Object.values(CARDS)
      .map(({ options }) => options as OptionRows)
      .toReversed(),
  ) as OptionRows;
}

/** `stepSize` as it is typed: `--step-size`. */
function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function flagOf(name: string, row: OptionRow): Option {
  const standard = row.defaultText ?? String(row.default);
  const help = `${row.help} (default: ${standard})`;
  switch (row.kind) {
    case "count":
      return new Option(`${flagName(name)} <n>`, help).argParser(count);
    case "positive":
      return new Option(`${flagName(name)} <x>`, help).argParser(positive);
    case "choice":
      return oneOf(`${flagName(name)} <name>`, help, row.choices);
    case "flag":
      return new Option(flagName(name).replace("--", "--no-"), `do not ${row.help}`);
  }
}

/** Refuses impossible radii and steps before a model or an image is read. */
export async function checkLengths(
  norm: "linf" | "l2",
  {
    epsilon = [],
    stepSize,
  }: { readonly epsilon?: number | readonly number[] | undefined; readonly stepSize?: number | undefined },
): Promise<void> {
  const { checkLength } = await import("../attacks/index.js");
  for (const each of [epsilon].flat()) checkLength("--epsilon", norm, each);
  if (stepSize !== undefined) checkLength("--step-size", norm, stepSize);
}

/** `PGD, L∞, ε 0.3: steps 40, step size 2.5 ε / steps, random start, …` */
export function describeAttack(
  { attack, norm }: Pick<AttackOptions, "attack" | "norm">,
  given: Given,
  epsilons: readonly number[],
): string {
  const rows = Object.entries(rowsOf(attack)).map(([name, row]) => {
    const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    const value = given[name] ?? row.default;
    const shown = typeof value === "function" ? (row.defaultText ?? "by ε") : value;
    if (typeof shown === "boolean") return shown ? words : `no ${words}`;
    return `${words} ${typeof shown === "number" ? formatEpsilon(shown) : shown}`;
  });
  const label = isSuite(attack) ? SUITES[attack].label : isAttack(attack) ? CARDS[attack].label : attack;
  const stages = isSuite(attack) ? SUITES[attack].stages.map((stage) => CARDS[stage.attack].label) : [];
  return (
    `${label}, ${norm === "linf" ? "L∞" : "L2"}, ε ${epsilons.map(formatEpsilon).join(", ")}` +
    (rows.length + stages.length === 0 ? "" : `: ${[...stages, ...rows].join(", ")}`)
  );
}
