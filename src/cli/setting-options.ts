/** Makes command-line options from the rows of the training settings. */
import { Option, type Command } from "commander";
import {
  describeDefault,
  SETTING_ROWS,
  type GivenSettings,
  type SettingRow,
} from "../training/settings/index.js";
import { number, oneOf } from "./values.js";

/** Rows with an option. */
const TYPED = SETTING_ROWS.flatMap(([path, row]) =>
  row.flag === undefined ? [] : [{ path, row, option: optionOf(row.flag, row) }],
);

export function settingOptions(command: Command): Command {
  for (const { option } of TYPED) command.addOption(option);
  return command;
}

/** The typed settings, by path. */
export function givenSettings(options: object): GivenSettings {
  const typed = new Map(Object.entries(options));
  return Object.fromEntries(
    TYPED.flatMap(({ path, option }) => {
      const value: unknown = typed.get(option.attributeName());
      // An option that turns something off is true unless it is typed.
      return value === undefined || (option.negate && value === true) ? [] : [[path, value]];
    }),
  );
}

/** Options whose value is stored as it is. */
const PLAIN = TYPED.filter(
  ({ path, option, row }) =>
    row.keep === undefined && row.variants === undefined && path !== "recipe.name" && !option.negate,
);

/** `learning-rate` → `learningRate`, the path of its setting. */
export function settingByName(name: string): string | undefined {
  return PLAIN.find(({ option }) => option.long === `--${name}`)?.path;
}

/** The reverse of {@link settingByName}. */
export function nameOfSetting(path: string): string | undefined {
  return PLAIN.find((each) => each.path === path)?.option.long?.slice("--".length);
}

function optionOf(flag: string, row: SettingRow): Option {
  const { rule } = row;
  const standard = describeDefault(row);
  const help = standard === undefined ? row.help : `${row.help} (default: ${standard})`;
  switch (rule.kind) {
    case "choice":
      return oneOf(flag, help, rule.choices);
    case "number":
      return new Option(flag, help).argParser(number(rule));
    case "list":
      return new Option(flag, help).argParser(number(rule.of));
    case "flag":
    case "text":
      return new Option(flag, help);
  }
}
