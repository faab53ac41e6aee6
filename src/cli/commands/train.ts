import type { Command } from "commander";
import { InterruptedError } from "../../errors/index.js";
import type { Ending } from "../../live/index.js";
import type { FinishedRun, RunEvent } from "../../training/index.js";
import { warnOfCpu, type DeviceOptions } from "../device.js";
import { withInterrupt } from "../interrupt.js";
import { createTerminal, formatPercent, type Progress, type Terminal } from "../terminal.js";
import { hostTrainingPage, pageOptions, type PageOptions } from "../training-page.js";
import { trainingOptions, type TrainOptions } from "../training-options.js";
import { newRun } from "../training-settings.js";
import { askedOf } from "../asked.js";

const EXAMPLES = `
Examples:
  holdfast train --data mnist --recipe at-alp --out runs/at-alp
  holdfast train --data photos/ --size 64 --recipe pat --epsilon 8/255 --epochs 30 --flip 0.5
  holdfast train --data photos/ --size 64 --recipe my-defence.yaml
  holdfast train --data photos/ --model resnet50 --init resnet50.safetensors --trunk-learning-rate 0.1
  holdfast train --data photos/ --model my-model.onnx --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 \\
      --learning-rate 1e-3 --trunk-learning-rate 0.1 --out runs/hardened
  holdfast train --data photos/ --size 64 --open    # and watch it in your browser
  holdfast train --data photos/ --model my-model.onnx --batch-size 64 --memory 8GB --out runs/hardened
  holdfast train --data photos/ --size 64 --device cuda --out runs/photos
  holdfast train --resume runs/at-alp

The run folder holds model.onnx (the finished classifier), config.json, log.jsonl, checkpoints/, manifest.json
and report.html. For an .onnx --model it also holds source.onnx (a copy of the original) and exported.onnx: the
new weights in a model with the inputs, outputs and types of the original. Ctrl-C finishes the current step and
saves.`;

export function trainCommand(program: Command): void {
  const command = program
    .command("train")
    .option("--out <folder>", "the run folder (default: runs/<data>-<recipe>)")
    .option("--resume <folder>", "continue a run; needs no other option");
  pageOptions(trainingOptions(command));
  command
    .addHelpText("after", EXAMPLES)
    .action((options: TrainOptions & PageOptions) => train(options, command));
}

async function train(options: TrainOptions & PageOptions, command: Command): Promise<void> {
  const terminal = createTerminal(options);
  const page = await hostTrainingPage(options, terminal);
  const { trainRun, resumeRun } = await import("../../training/index.js");
  await withInterrupt(async (signal, worthSaving) => {
    const shown = createTrainingDisplay(terminal, worthSaving);
    const onEvent = (event: RunEvent): void => {
      shown.onEvent(event);
      page.onEvent(event);
    };
    const begin = async (): Promise<FinishedRun> => {
      const { resume } = options;
      const run = resume === undefined ? await newRun(options, terminal) : undefined;
      // A run may continue on another device; everything else must match the run.
      const { device, ...typed } = typedOptions(options, command) as Partial<TrainOptions> & DeviceOptions;
      const asked = resume === undefined ? {} : await askedOf(typed, resume);
      await page.begin(run?.out ?? resume!);
      const hooks = { signal, onEvent, onCpu: warnOfCpu(terminal) };
      return run === undefined
        ? resumeRun(resume!, hooks, asked, device === undefined ? {} : { device })
        : trainRun(run, hooks);
    };
    try {
      const { folder, model, steps, best } = await begin();
      shown.stop();
      const report = await page.end({ phase: "finished" });
      const accuracies =
        best === undefined ? "" : `\n${describeValidation(best)} (step ${best.step} of ${steps})`;
      const shownAt = report === undefined ? "" : `\n${report}`;
      terminal.result(`${model}${accuracies}${shownAt}`, {
        folder,
        model,
        steps,
        best: best ?? null,
        ...(report === undefined ? {} : { report }),
      });
    } catch (error) {
      shown.stop();
      await page.end(endingOf(error));
      throw error;
    }
  }, "Finishing the current step and saving …");
}

function endingOf(error: unknown): Ending {
  if (error instanceof InterruptedError) return { phase: "stopped" };
  return { phase: "failed", failure: error instanceof Error ? error.message : String(error) };
}

function typedOptions(options: TrainOptions, command: Command): Partial<TrainOptions> {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => command.getOptionValueSource(name) === "cli"),
  );
}

export interface TrainingDisplay {
  readonly onEvent: (event: RunEvent) => void;
  stop(): void;
}

export function createTrainingDisplay(terminal: Terminal, onStart: () => void): TrainingDisplay {
  let progress: Progress | undefined;
  const stop = (): void => {
    progress?.stop();
    progress = undefined;
  };
  return {
    stop,
    onEvent(event) {
      if (event.type === "initialised") {
        const head = event.newHead ? "a new last layer" : "including its last layer";
        const pixels = event.normalised === false ? "unchanged" : "normalised as for ImageNet";
        terminal.note(`  initialised from ${event.file}: ${event.copied} tensors, ${head}; pixels ${pixels}`);
      } else if (event.type === "notice") {
        terminal.note(`  ${event.message}`);
      } else if (event.type === "start") {
        onStart();
        progress = terminal.progress(event.steps, "steps");
        if (event.step > 0) progress.say(`  continuing after step ${event.step}`);
        progress.at(event.step, "compiled");
      } else if (event.type === "step") {
        const epsilon = event.epsilon === null ? "" : `, ε ${event.epsilon.toFixed(3)}`;
        const text = `loss ${event.loss.toFixed(3)}, accuracy ${formatPercent(event.accuracy)}${epsilon}`;
        progress?.at(event.step, text);
      } else if (event.type === "validation") {
        progress?.say(
          `  step ${event.step}: ${describeValidation(event)}${event.best ? ", the best so far" : ""}`,
        );
      } else if (event.type === "warning") {
        terminal.warn(event.message);
      }
    },
  };
}

function describeValidation(at: { images: number; clean: number; robust: number | null }): string {
  const robust = at.robust === null ? "" : `, ${formatPercent(at.robust)} under attack`;
  return `validation on ${at.images} images: ${formatPercent(at.clean)} clean${robust}`;
}
