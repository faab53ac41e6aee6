import type { Command } from "commander";
import { loadModel, modelOptions, type ModelOptions } from "../models.js";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";

interface InspectOptions extends CommonOptions, ModelOptions {
  readonly graph?: boolean;
}

const EXAMPLES = `
Examples:
  holdfast inspect my-model.onnx
  holdfast inspect runs/mnist-at-alp --graph | less`;

export function inspectCommand(program: Command): void {
  const command = program
    .command("inspect")
    .description("say what a model is: its images, classes, ops, parameters and attention taps")
    .argument("<model>", "a run folder or an .onnx file")
    .option("--graph", "print the whole graph, one line a node");
  modelOptions(command);
  commonOptions(command);
  command.addHelpText("after", EXAMPLES).action(inspect);
}

async function inspect(path: string, options: InspectOptions): Promise<void> {
  const terminal = createTerminal(options);
  const { name, classifier, info } = await loadModel(path, options, terminal);
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
    ["logits", facts.output],
    ["classes", facts.classes.join(", ")],
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
