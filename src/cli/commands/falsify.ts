import { Option, type Command } from "commander";
import { openAskedDevice } from "../device.js";
import { modelPath } from "../models.js";
import { checkOutputs } from "../outputs.js";
import { commonOptions, computeOptions, type CommonOptions, type ComputeOptions } from "../shared-options.js";
import { createTerminal, type Progress } from "../terminal.js";
import { count, duration } from "../values.js";

interface FalsifyCommandOptions extends CommonOptions, ComputeOptions {
  readonly timeout: number;
  readonly save?: string;
  readonly output?: string;
  readonly batchSize: number;
}

/** Exit code of satisfiability solvers. Their 20, for `unsat`, never occurs here. */
const SAT = 10;
/** Progress is shown after this time. */
const QUIET_SECONDS = 2;

const EXAMPLES = `
Examples:
  holdfast falsify model.onnx property.vnnlib
  holdfast falsify model.onnx property.vnnlib.gz --timeout 20s --save found.counterexample
  holdfast falsify model.onnx property.vnnlib --json | jq .answer
  holdfast falsify model.onnx property.vnnlib --quiet > answer.txt; [ $? -eq 10 ] && echo unsafe

The property is VNN-LIB 1.0: bounds on each input X_i, and conditions on the outputs Y_j that make a
counterexample. The first line of stdout is the answer:
  sat      there is a counterexample. It follows in the format of VNN-COMP; the unchanged model file confirmed it.
  unknown  none was found in time. That proves nothing: only a verifier can answer unsat.
The X_i are the elements of the model's input tensor, in order. No preprocessing is applied, and only the
property's bounds limit them. Ctrl-C stops the search without an answer.

Exit codes: 10 sat, 0 unknown, 1 failed, 2 wrong usage, 3 bad input, 130 interrupted.`;

export function falsifyCommand(program: Command): void {
  const command = program
    .command("falsify")
    .argument("<model>", "a run folder or an .onnx file")
    .argument("<property>", "a .vnnlib or .vnnlib.gz file")
    .addOption(
      new Option("--timeout <time>", "time limit, such as 20s, 2m or 1h; then the answer is unknown")
        .argParser(duration)
        .default(120, "2m"),
    )
    .option("--save <file>", "write the counterexample, if one is found, to a file")
    .option("--output <name>", "the model output that holds the Y_j, if there are several")
    .option("--batch-size <n>", "most inputs evaluated at once", count, 8);
  commonOptions(computeOptions(command));
  command.addHelpText("after", EXAMPLES).action(search);
}

async function search(argument: string, property: string, options: FalsifyCommandOptions): Promise<void> {
  const { timeout, save, output, seed, threads, batchSize } = options;
  const terminal = createTerminal(options);
  const { path } = modelPath(argument);
  await checkOutputs({ "--save": save }, { "the model": path, "the property": property });
  const device = await openAskedDevice(options, terminal);
  const { falsify, formatCounterexample } = await import("../../falsification/index.js");
  let progress: Progress | undefined;
  const { answer, counterexample, ...done } = await falsify(path, property, {
    timeout,
    seed,
    batchSize,
    ...(output === undefined ? {} : { output }),
    ...(threads === undefined ? {} : { threads }),
    compile: device?.compile,
    onProgress({ seconds, climbs }) {
      // Most counterexamples are found before progress is worth showing.
      if (seconds > QUIET_SECONDS) progress ??= terminal.progress(timeout, "s");
      progress?.at(Math.min(timeout, Math.floor(seconds)), `${climbs} climbs`);
    },
  }).finally(() => progress?.stop());
  const { cases, climbs, forwardQueries, gradientQueries, seconds } = done;
  terminal.note(
    `${cases} ${cases === 1 ? "case" : "cases"}, ${climbs} climbs, ${forwardQueries + gradientQueries} evaluations ` +
      `(${gradientQueries} with a gradient) in ${seconds.toFixed(1)} s, seed ${seed}`,
  );
  const written = counterexample && formatCounterexample(counterexample);
  if (written !== undefined && save !== undefined) {
    const { writeFileAtomic } = await import("../../files/index.js");
    await writeFileAtomic(save, `${written}\n`);
  }
  terminal.result(written === undefined ? answer : `${answer}\n${written}`, {
    answer,
    model: path,
    property,
    counterexample: counterexample
      ? { inputs: [...counterexample.inputs], outputs: [...counterexample.outputs] }
      : null,
    seed,
    timeout,
    ...(device === undefined ? {} : { device: device.use() }),
    ...done,
  });
  if (answer === "sat") process.exitCode = SAT;
}
