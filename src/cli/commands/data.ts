import type { Command } from "commander";
import { checkOutputs } from "../outputs.js";
import { commonOptions, imageOptions, openOptionsOf, type LookOptions } from "../shared-options.js";
import { printable } from "../streams.js";
import { createTerminal } from "../terminal.js";
import { dataCheckCommand, MASK_SOURCES } from "./data-check.js";

const EXAMPLES = `
Examples:
  holdfast data mnist:test
  holdfast data photos/ --size 64 --json
  holdfast data flowers --sheet flowers.png
  holdfast data check photos/`;

export function dataCommand(program: Command): void {
  const command = program
    .command("data")
    .argument("<name>", "mnist, mnist:test, flowers, or a folder with a folder for each class");
  imageOptions(command).option("--sheet <file.png>", "write a contact sheet: a row of images for each class");
  commonOptions(command);
  dataCheckCommand(command);
  command.addHelpText("after", EXAMPLES).action(async (name: string, options: LookOptions) => {
    await checkOutputs({ "--sheet": options.sheet }, {}, { "the data": name });
    const { openDataset, datasetInfo } = await import("../../data/index.js");
    const dataset = await openDataset(name, { whole: true, ...openOptionsOf({ ...options, data: name }) });
    const info = datasetInfo(dataset);
    if (options.sheet !== undefined) {
      const { contactSheet } = await import("../../data/index.js");
      const { writeFileAtomic } = await import("../../files/index.js");
      await writeFileAtomic(options.sheet, await contactSheet(dataset));
    }
    const lines = [
      `${info.name}: ${info.images} images of ${info.channels} × ${info.height} × ${info.width}`,
      ...(info.description === "" ? [] : [info.description]),
      `${info.classes.length} classes: ${info.classes.map((each) => `${printable(each.name)} (${each.images})`).join(", ")}`,
      `key regions: ${info.maskSource === null ? "none" : `for ${info.masks} of ${info.images} images, from ${MASK_SOURCES[info.maskSource]}`}`,
      ...info.skipped.map(({ file, problem }) => printable(`left out: ${file}: ${problem}`)),
    ];
    createTerminal(options).result(lines.join("\n"), info);
  });
}
