import type { Command } from "commander";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";

const EXAMPLES = `
Examples:
  holdfast init model.onnx --data photos:test
  holdfast check`;

interface InitOptions extends CommonOptions {
  readonly data: string;
  readonly out: string;
}

export function initCommand(program: Command): void {
  const command = program
    .command("init")
    .argument("[model]", "an .onnx file or a run folder (default: the only .onnx file here)")
    .option("--data <name>", "the images, as for evaluate", "photos:test")
    .option("--out <file>", "file to write; nothing is overwritten", "holdfast.yaml");
  commonOptions(command).addHelpText("after", EXAMPLES).action(init);
}

async function init(model: string | undefined, options: InitOptions): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  const { UsageError } = await import("../../errors/index.js");
  const { fileError } = await import("../../files/index.js");
  const { out, data } = options;
  const text = configText(model ?? (await onlyModel()), data);
  await writeFile(out, text, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw fileError(error, out);
    throw new UsageError({
      place: out,
      problem: "already exists",
      remedy: "Edit it, or choose another --out.",
    });
  });
  createTerminal(options).result(`${out}\nNext: edit the assertions in it, then run holdfast check`, {
    config: out,
  });
}

async function onlyModel(): Promise<string> {
  const { readdir } = await import("node:fs/promises");
  const models = (await readdir(".")).filter((name) => /\.onnx$/i.test(name));
  if (models.length === 1) return models[0]!;
  const { UsageError } = await import("../../errors/index.js");
  throw new UsageError({
    place: "holdfast init",
    problem: models.length === 0 ? "there is no .onnx file here" : `there are several: ${models.join(", ")}`,
    remedy: "Name the model: holdfast init model.onnx.",
  });
}

/** JSON strings are valid YAML strings. */
function configText(model: string, data: string): string {
  return `# yaml-language-server: $schema=./node_modules/holdfast/schemas/check.schema.json
# What holdfast check measures, and what must hold. Every field: docs/check.md of holdfast.
models:
  production: ${JSON.stringify(model)}
data: ${JSON.stringify(data)}
limit: 500 # a class-balanced sample; leave it out to score every image
threats:
  - { norm: linf, epsilon: 4/255 }
assert:
  clean: { min: 0.8, level: warn }
  robust@linf:4/255: { minLow: 0.2 } # the lower end of the 95 % interval
  warnings.serious: { max: 0 }
# Uncomment after: holdfast check --update-baseline
# baseline: baseline.result.json
`;
}
