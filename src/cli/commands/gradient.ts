import type { Command } from "commander";
import { modelPath } from "../models.js";
import { checkOutputs } from "../outputs.js";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";
import { count, imageSize } from "../values.js";

interface GradientOptions extends CommonOptions {
  readonly of: string;
  readonly to: string[];
  readonly out: string;
  readonly batchSize?: number;
  readonly size?: { height: number; width: number };
  readonly output?: string;
}

const EXAMPLES = `
Examples:
  holdfast gradient my-model.onnx -o gradient.onnx
  holdfast gradient my-model.onnx --of logit --to input --batch-size 8 -o saliency.onnx
  holdfast gradient my-model.onnx --of loss --to weights -o update.onnx
  holdfast gradient my-model.onnx --of features --to layer1.weight,input -o part.onnx

The file holds the model with its own inputs and outputs, and in addition:
  labels          int64 [N], an input, for --of loss and --of logit
  loss or logit   [N], an output
  <name>_grad     the gradient of the sum of the losses, one output for each value you name

Any ONNX Runtime runs it. It takes pixels as the model itself does.`;

const names = (text: string): string[] => text.split(",").filter((name) => name !== "");

export function gradientCommand(program: Command): void {
  const command = program
    .command("gradient")
    .argument("<model>", "a run folder or an .onnx file")
    .requiredOption("-o, --out <file>", "the ONNX file to write")
    .option(
      "--of <what>",
      "loss (cross-entropy), logit (the label's), or a value of the graph by name",
      "loss",
    )
    .option("--to <list>", "input, weights, or names of values in the graph, separated by commas", names, [
      "input",
    ])
    .option("--batch-size <n>", "batch size, if the model leaves it open (default: 1)", count)
    .option("--size <n | hxw>", "size of its images, if the model leaves it open", imageSize)
    .option("--output <name>", "the output that gives the logits, if there are several");
  commonOptions(command);
  command.addHelpText("after", EXAMPLES).action(writeGradient);
}

async function writeGradient(argument: string, options: GradientOptions): Promise<void> {
  const terminal = createTerminal(options);
  const { path } = modelPath(argument);
  await checkOutputs({ "--out": options.out }, { "the model": path });
  const { readModelFile, writeModelFile } = await import("../../onnx/index.js");
  const { gradientModel } = await import("../../losses/index.js");
  const model = gradientModel(await readModelFile(path), {
    place: path,
    of: options.of,
    to: options.to,
    ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
    ...(options.size === undefined ? {} : { size: [options.size.height, options.size.width] }),
    ...(options.output === undefined ? {} : { output: options.output }),
  });
  await writeModelFile(options.out, model);
  const { printValue } = await import("../../graph/index.js");
  const shown = (values: typeof model.graph.inputs): string[] =>
    values.map((value) => printValue({ ...value, shape: value.shape ?? [] }));
  const [inputs, outputs] = [shown(model.graph.inputs), shown(model.graph.outputs)];
  terminal.result(
    [`${options.out}`, `  in   ${inputs.join(", ")}`, `  out  ${outputs.join(", ")}`].join("\n"),
    {
      out: options.out,
      inputs,
      outputs,
      nodes: model.graph.nodes.length,
    },
  );
}
