import { dirname, relative } from "node:path";
import type { Command } from "commander";
import { ownShape } from "../images.js";
import { loadModel, modelOptions, modelPath, type LoadedModel, type ModelOptions } from "../models.js";
import { describePreprocessing } from "../reading.js";
import { settleModel } from "../settle.js";
import { commonOptions, mapOptions, type CommonOptions, type MapOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";

interface InspectOptions extends CommonOptions, ModelOptions, MapOptions {
  readonly graph?: boolean;
  readonly write?: boolean;
  readonly data?: string;
}

const EXAMPLES = `
Examples:
  holdfast inspect my-model.onnx
  holdfast inspect runs/mnist-at-alp --graph | less
  holdfast inspect my-model.onnx --data photos --write

--write keeps what is known of its images in my-model.yaml, which every command then reads. What
neither the options nor the files say is tried on --data.`;

export function inspectCommand(program: Command): void {
  const command = program
    .command("inspect")
    .description("say what a model is: its images, classes, ops, parameters and attention taps")
    .argument("<model>", "a run folder or an .onnx file")
    .option("--graph", "print the whole graph, one line a node")
    .option("--write", "write how its images are made to a .yaml file beside it")
    .option("--data <name>", "labelled images to try the usual preprocessings on, where nothing says it");
  modelOptions(mapOptions(command));
  commonOptions(command);
  command.addHelpText("after", EXAMPLES).action(inspect);
}

async function inspect(path: string, options: InspectOptions): Promise<void> {
  const terminal = createTerminal(options);
  const { data } = options;
  const loaded = await loadModel(
    path,
    options,
    terminal,
    data === undefined ? undefined : () => ownShape({ data }),
  );
  const model = data === undefined ? loaded : await settleModel(loaded, { ...options, data }, terminal);
  const { name, classifier, info, reading } = model;
  if (options.write === true) terminal.note(`written: ${await write(path, model)}`);
  const { formatCount, printGraph, printValue } = await import("../../graph/index.js");
  const { graph } = classifier;
  if (options.graph === true) {
    terminal.result(printGraph(graph), { graph: printGraph(graph) });
    return;
  }
  const ops = new Map<string, number>();
  for (const { op } of graph.nodes) ops.set(op, (ops.get(op) ?? 0) + 1);
  const elements = (names: Iterable<string>): number =>
    [...names].reduce((sum, each) => sum + (graph.initializers.get(each)?.data.length ?? 0), 0);
  const facts = {
    name,
    architecture: classifier.name,
    sha256: info.sha256,
    recipe: info.recipe,
    preprocessing: reading.isSettled ? { ...reading.description, origin: reading.origin ?? null } : null,
    input: printValue(graph.values.get(classifier.image)!),
    output: printValue(graph.values.get(classifier.logits)!),
    classes: classifier.classNames,
    parameters: elements(classifier.parameters),
    constants: elements(graph.initializers.keys()),
    taps: classifier.taps.map((tap) => ({ name: tap.name, value: printValue(graph.values.get(tap.value)!) })),
    ops: Object.fromEntries([...ops].sort(([, a], [, b]) => b - a)),
  };
  const rows = [
    ["architecture", facts.architecture],
    ["recipe", facts.recipe ?? "unknown"],
    ["image", facts.input],
    ["pixels", describePixels(model)],
    ["logits", facts.output],
    ["classes", shortened(facts.classes)],
    ["parameters", formatCount(facts.parameters)],
    ["taps", facts.taps.map((tap) => `${tap.name} = ${tap.value}`).join("; ") || "none"],
    [
      "ops",
      Object.entries(facts.ops)
        .map(([op, times]) => `${op} × ${times}`)
        .join(", "),
    ],
    ["sha256", facts.sha256],
  ];
  terminal.result(rows.map(([head, value]) => `${head!.padEnd(13)} ${value!}`).join("\n"), facts);
}

/** Of longer lists only the first and the last are shown; `--json` has all. */
const SHOWN = 20;

function shortened(names: readonly string[]): string {
  if (names.length <= SHOWN + 1) return names.join(", ");
  return `${names.slice(0, SHOWN).join(", ")}, … ${names.at(-1)!} (${names.length})`;
}

function describePixels({ reading: { isSettled, origin, description } }: LoadedModel): string {
  if (!isSettled)
    return "not known: give --data to try the usual preprocessings, or --mean, --std, --pixel-range";
  if (origin === undefined) return "x as it is, of x in [0, 1]: holdfast saved it so";
  return `${describePreprocessing(description)}, from ${origin}`;
}

/** Keeps what is known beside the model; the path. */
async function write(argument: string, { reading }: LoadedModel): Promise<string> {
  const { writeDescription } = await import("../../models/index.js");
  const { UsageError } = await import("../../errors/index.js");
  const { isSettled, origin, description } = reading;
  if (isSettled && origin !== undefined) {
    const { path } = modelPath(argument);
    const { labels } = description;
    const beside = typeof labels === "string" ? { labels: relative(dirname(path), labels) } : {};
    return writeDescription(path, { ...description, ...beside });
  }
  throw new UsageError({
    place: "--write",
    problem: isSettled
      ? "holdfast saved the model: its file says everything itself"
      : "nothing says how the model's pixels are read",
    remedy: isSettled
      ? "Leave it out."
      : "Give --data to try the usual ways, or --mean, --std, --pixel-range.",
  });
}
