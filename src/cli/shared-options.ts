import { InvalidArgumentError, Option, type Command } from "commander";
import { readFileCheckedSync } from "../files/files.js";
import type { OpenOptions } from "../data/index.js";
import { deviceOption, type DeviceOptions } from "./device.js";
import { count, imageSize, seed, whole, workers } from "./values.js";

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function commonOptions(command: Command): Command {
  return command
    .option("--json", "write the result to stdout as JSON")
    .option("-q, --quiet", "print no progress and no notes on stderr");
}

/** Options that say which images to read and how. */
export interface DataOptions {
  readonly data: string;
  readonly size?: { height: number; width: number };
  readonly channels?: number;
  readonly fit?: "crop" | "stretch" | "pad";
  readonly limit?: number;
  readonly skipUnreadable?: boolean;
  readonly classes?: string[];
  readonly flowersSplit?: number;
}

export function dataOptions(command: Command, data: string): Command {
  command.option(
    "--data <name>",
    "mnist, mnist:test, flowers, or a folder, zip or tar with a folder for each class, a CSV, CIFAR, 17 Flowers",
    data,
  );
  return imageOptions(command).option(
    "--limit <n>",
    "use only a seeded, class-balanced sample of n images",
    count,
  );
}

/** Options that map the classes of data to those of a model. */
export interface MapOptions {
  readonly classMap?: string;
}

export function mapOptions(command: Command): Command {
  return command.option(
    "--class-map <file.csv>",
    "CSV file that maps classes to model outputs: a header, then lines class,output (name or number)",
  );
}

/** For commands that inspect data, which take its name as an argument. */
export type LookOptions = CommonOptions & Omit<DataOptions, "data"> & { readonly sheet?: string };

/** How images are read, whatever the data. */
export function imageOptions(command: Command): Command {
  return choiceOptions(shapeOptions(command));
}

/** Size and channels of the images. */
export function shapeOptions(command: Command): Command {
  return command
    .option(
      "--size <n | hxw>",
      "resize images to this size (default: the source's, 224 for files)",
      imageSize,
    )
    .option("--channels <n>", "1 (gray) or 3 (colour) (default: the source's)", channels);
}

function channels(text: string): number {
  const value = count(text);
  if (value !== 1 && value !== 3) throw new InvalidArgumentError("It must be 1 (gray) or 3 (colour).");
  return value;
}

export function listOfNames(text: string): string[] {
  const list = text.split(",");
  if (list.includes("")) throw new InvalidArgumentError("It must be names separated by commas.");
  return list;
}

/** Which of a dataset's images to use. */
export function choiceOptions(command: Command): Command {
  return partOptions(command).option(
    "--skip-unreadable",
    "skip image files that cannot be decoded, and list them",
  );
}

/** Which of a dataset's classes, and which of its official splits. */
export function partOptions(command: Command): Command {
  return command
    .option(
      "--classes <names>",
      "use only these classes, in this order, such as n01440764,n01443537; or a .txt file with one name per line (default: all)",
      classList,
    )
    .option(
      "--flowers-split <n>",
      "which of the three official splits of 17 Flowers (default: 1)",
      whole(1, 3),
    );
}

/** Names separated by commas, or from a file if there are many or if they contain commas. */
function classList(text: string): string[] {
  if (!/\.txt$/i.test(text)) return listOfNames(text);
  // Options are parsed synchronously.
  return new TextDecoder()
    .decode(readFileCheckedSync(text))
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** Options for `openDataset`. Absent options are left out, so that a run folder stores only what was given. */
export function openOptionsOf({
  size,
  channels,
  skipUnreadable,
  classes,
  flowersSplit,
}: Partial<DataOptions>): OpenOptions {
  return {
    ...(flowersSplit === undefined ? {} : { flowersSplit }),
    ...(classes === undefined ? {} : { classes }),
    ...(size === undefined ? {} : { size }),
    ...(channels === undefined ? {} : { channels }),
    ...(skipUnreadable === undefined ? {} : { skipUnreadable }),
  };
}

export interface ComputeOptions extends DeviceOptions {
  readonly threads?: number;
  readonly seed: number;
}

export function computeOptions(command: Command): Command {
  return command
    .option("--threads <n>", "threads inside an operator (default: the number of cores)", workers)
    .addOption(deviceOption())
    .addOption(new Option("--seed <n>", "seed for everything random").argParser(seed).default(0));
}
