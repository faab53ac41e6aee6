import type { Command } from "commander";
import type { DataCheck, Duplicates, MaskSource } from "../../data/index.js";
import { checkOutputs } from "../outputs.js";
import {
  commonOptions,
  openOptionsOf,
  partOptions,
  shapeOptions,
  type LookOptions,
} from "../shared-options.js";
import { printable } from "../streams.js";
import { createTerminal, formatTable } from "../terminal.js";

const EXAMPLES = `
Examples:
  holdfast data check photos/
  holdfast data check photos/:test --json
  holdfast data check photos/ --sheet photos.png
  holdfast data check ILSVRC2012_img_train.tar --classes n01440764,n01443537

Lists files that are missing or cannot be decoded.
Exit codes: 0 checked, with or without findings; 3 if no image can be read.`;

/** Descriptions of the sources of key regions. */
export const MASK_SOURCES: Readonly<Record<MaskSource, string>> = {
  mask: "masks",
  box: "boxes",
  "mask-and-box": "masks and boxes",
};

/** `holdfast data check`, a command under `data`. */
export function dataCheckCommand(data: Command): void {
  const command = data
    .command("check")
    .description("read every image file, and list those that are unreadable, duplicate or suspicious")
    .argument("<name>", "a folder of images, as for data: all its splits, or the one you name (photos/:test)")
    .option("--sheet <file.png>", "write a contact sheet: a row of readable images for each class");
  commonOptions(partOptions(shapeOptions(command)));
  command.addHelpText("after", EXAMPLES).action(async (name: string, _: LookOptions, self: Command) => {
    // `data` has options with the same names, and takes those after its own argument.
    const options = self.optsWithGlobals<LookOptions>();
    // A check reads every file, and `data` would let this pass.
    if (options.skipUnreadable === true) self.error("error: unknown option '--skip-unreadable'");
    await checkOutputs({ "--sheet": options.sheet }, {}, { "the data": name });
    const { checkData, contactSheet } = await import("../../data/index.js");
    const terminal = createTerminal(options);
    const open = openOptionsOf({ ...options, data: name });
    let progress: ReturnType<typeof terminal.progress> | undefined;
    const onProgress = (done: number, total: number): void => {
      progress ??= terminal.progress(total, "images");
      progress.at(done, "");
    };
    const { check, readable } = await checkData(name, { open, onProgress }).finally(() => progress?.stop());
    if (options.sheet !== undefined) {
      const { writeFileAtomic } = await import("../../files/index.js");
      await writeFileAtomic(options.sheet, await contactSheet(readable));
    }
    terminal.result(checkText(check), check);
  });
}

function checkText(check: DataCheck): string {
  const { width, height } = check;
  const findings = check.unreadable.length + check.duplicates.length + check.suspicious.length;
  const parts = [
    [
      `${printable(check.name)}: ${check.images} images, ${check.readable} readable`,
      ...(check.description === "" ? [] : [printable(check.description)]),
      `width ${width.min} … ${width.median} … ${width.max}, height ${height.min} … ${height.median} … ${height.max} (smallest, median, largest)`,
      kindsText(check),
      regionsText(check),
    ],
    [classTable(check), `largest class : smallest class = ${check.imbalance.toFixed(1)} : 1`],
    section(
      `${check.unreadable.length} unreadable`,
      check.unreadable.map(({ file, problem }) => `${file}: ${problem}`),
    ),
    section(`${check.duplicates.length} duplicated`, check.duplicates.map(duplicatesText)),
    section(
      `${check.suspicious.length} suspicious`,
      check.suspicious.map(({ where, problem }) => `${where}: ${problem}`),
    ),
    ...(findings === 0 ? [["No problems found."]] : []),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

function kindsText({ kinds }: DataCheck): string {
  const named: readonly (readonly [count: number, what: string])[] = [
    [kinds.jpeg, "JPEG"],
    [kinds.png, "PNG"],
    [kinds.webp, "WebP"],
    [kinds.gray, "gray"],
    [kinds.cmyk, "CMYK"],
    [kinds.deep, "with more than 8 bits (8 are kept)"],
    [kinds.turned, "with an EXIF orientation (not applied)"],
    [kinds.animated, "animated (the first frame is read)"],
  ];
  return named
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(", ");
}

function regionsText({ images, regions }: DataCheck): string {
  const from = regions.sources.map((source) => MASK_SOURCES[source]).join("; ");
  return `key regions: ${regions.images === 0 ? "none" : `for ${regions.images} of ${images} images, from ${from}`}`;
}

function classTable({ classes, splits }: DataCheck): string {
  const names = splits.map(({ name }) => name);
  const rows = classes.map(({ name, bySplit }) => [
    printable(name),
    ...names.map((split) => String(bySplit[split]!)),
  ]);
  return formatTable([["class", ...names], ...rows]);
}

function duplicatesText({ kind, files, acrossSplits, differentClasses }: Duplicates): string {
  const notes = [
    ...(acrossSplits ? ["ACROSS SPLITS"] : []),
    ...(differentClasses ? ["DIFFERENT CLASSES"] : []),
  ];
  const said = files.map(({ file, split, class: name }) => `${file} (${split}, ${name})`);
  return `${[kind, ...notes].join(", ")}: ${said.join(" = ")}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${printable(line)}`)];
}
