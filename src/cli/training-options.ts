import type { Command } from "commander";
import type { HeadChoice } from "../training/index.js";
import { preprocessingOptions, type ModelOptions } from "./models.js";
import { settingOptions } from "./setting-options.js";
import {
  commonOptions,
  dataOptions,
  listOfNames,
  type CommonOptions,
  type DataOptions,
} from "./shared-options.js";
import { oneOf } from "./values.js";

/** The typed model, data and initial weights. Training settings are in `givenSettings`. */
export interface TrainOptions
  extends
    CommonOptions,
    Omit<DataOptions, "fit">,
    Omit<ModelOptions, "size" | "channels" | "crop" | "labels"> {
  readonly model: string;
  readonly head?: HeadChoice;
  readonly taps?: string[];
  readonly init?: string;
  readonly freezeTrunk?: boolean;
  readonly validationData?: string;
  readonly out?: string;
  readonly resume?: string;
}

/** Adds all options for what to train and how. */
export function trainingOptions(command: Command): Command {
  command.option(
    "--model <name | file>",
    "resnet-mini (28² to 64²), resnet18-narrow, resnet34-narrow (64² to 96²) or resnet18, 34, 50, 101, 152; or an .onnx classifier or a run folder to start from",
    "resnet-mini",
  );
  dataOptions(command, "mnist");
  importOptions(command);
  settingOptions(command);
  command.option("--validation-data <name>", "take the validation images from here, such as 17flowers:val");
  return commonOptions(command);
}

/** Options for a model read from a file. */
function importOptions(command: Command): void {
  preprocessingOptions(command)
    .addOption(
      oneOf("--head <choice>", "last layer of an .onnx model (default: keep if the data have its classes)", [
        "keep",
        "new",
      ]),
    )
    .option(
      "--taps <names>",
      "values that attention pairing compares, as holdfast inspect lists them (default: one at each size)",
      listOfNames,
    )
    .option(
      "--init <file>",
      "start from ImageNet weights: .safetensors of torchvision or timm, or an ONNX export",
    )
    .option("--freeze-trunk", "train only the last layer; same as --trunk-learning-rate 0");
}
