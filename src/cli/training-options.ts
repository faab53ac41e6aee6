import type { Command } from "commander";
import type { HeadChoice, OptimiserSpec, Schedule } from "../training/index.js";
import { modelOptions, type ModelOptions } from "./models.js";
import {
  commonOptions,
  computeOptions,
  dataOptions,
  listOfNames,
  type CommonOptions,
  type ComputeOptions,
  type DataOptions,
} from "./shared-options.js";
import {
  count,
  countOrNone,
  notNegative,
  oneOf,
  positive,
  share,
  shareAboveZero,
  shareBelowOne,
  upTo,
  whole,
} from "./values.js";

/** What is trained and how, as it was typed. */
export interface TrainOptions
  extends CommonOptions, ComputeOptions, DataOptions, Omit<ModelOptions, "size" | "channels"> {
  readonly recipe: string;
  readonly model: string;
  readonly head?: HeadChoice;
  readonly taps?: string[];
  readonly out?: string;
  readonly resume?: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimiser: OptimiserSpec["kind"];
  readonly momentum: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
  readonly learningRate?: number;
  readonly schedule: Schedule["kind"];
  readonly warmup: number;
  readonly clipNorm?: number;
  readonly ema: number;
  readonly labelSmoothing: number;
  readonly norm?: "linf" | "l2";
  readonly epsilon?: number;
  readonly steps?: number;
  readonly stepSize?: number;
  readonly randomStart: boolean;
  readonly epsilonWarmup: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly flip?: number;
  readonly cropPadding?: number;
  readonly rotation?: number;
  readonly resizedCrop?: number;
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  readonly hue?: number;
  readonly init?: string;
  readonly trunkLearningRate?: number;
  readonly freezeTrunk?: boolean;
  readonly validation?: number;
  readonly validationData?: string;
  readonly validateEvery: number;
  readonly validationSteps: number;
  readonly patience?: number;
  readonly checkpointEvery: number;
}

/** Everything that says what is trained and how. */
export function trainingOptions(command: Command): void {
  command
    .option(
      "--recipe <name | file>",
      "a YAML file (docs/recipes.md), or undefended, igr, pat, rat, randomization, alp, fd, at, at-alp; trades, mart, awp, fast, free",
      "at-alp",
    )
    .option(
      "--model <name | file>",
      "resnet-mini (28² to 64²), resnet18-narrow, resnet34-narrow (64² to 96²) or resnet18, 34, 50, 101, 152; or an .onnx classifier or a run folder to go on from",
      "resnet-mini",
    );
  dataOptions(command, "mnist");
  importOptions(command);
  optimisationOptions(command);
  adversaryOptions(command);
  imageAndValidationOptions(command);
  commonOptions(computeOptions(command));
}

/** Of a model that is read from a file. */
function importOptions(command: Command): void {
  modelOptions(command)
    .addOption(
      oneOf(
        "--head <choice>",
        "last layer of an .onnx model (default: keep where the data have its classes)",
        ["keep", "new"],
      ),
    )
    .option(
      "--taps <names>",
      "its values that attention pairing compares, as inspect lists them (default: one at each size)",
      listOfNames,
    );
}

function optimisationOptions(command: Command): void {
  command
    .option("--epochs <n>", "passes over the training images", positive, 3)
    .option("--batch-size <n>", "clean images a step", count, 128)
    .addOption(oneOf("--optimiser <name>", "optimiser", ["sgd", "adam", "adamw"]).default("adam"))
    .option("--momentum <x>", "of sgd", shareBelowOne, 0.9)
    .option("--nesterov", "Nesterov's momentum, with sgd")
    .option("--weight-decay <x>", "(default: 5e-4 with sgd, 0 with adam, 0.01 with adamw)", notNegative)
    .option("--learning-rate <x>", "peak learning rate (default: 0.1 with sgd, else 5e-3)", positive)
    .addOption(
      oneOf("--schedule <name>", "learning-rate schedule", [
        "constant",
        "step",
        "cosine",
        "one-cycle",
      ]).default("one-cycle"),
    )
    .option("--warmup <share>", "share of the steps in which the learning rate rises linearly", share, 0)
    .option("--clip-norm <x>", "greatest norm of the gradient (default: no limit)", positive)
    .option("--ema <decay>", "average the weights, keeping this share a step; 0: no", shareBelowOne, 0)
    .option("--label-smoothing <share>", "share of each label spread over all classes", shareBelowOne, 0)
    .option(
      "--init <file>",
      "begin with ImageNet weights: .safetensors of torchvision or timm, or an ONNX export",
    )
    .option("--trunk-learning-rate <factor>", "multiple of the learning rate for all but the head", share)
    .option("--freeze-trunk", "train the head alone; the same as --trunk-learning-rate 0");
}

function adversaryOptions(command: Command): void {
  command
    .addOption(
      oneOf("--norm <name>", "norm of the adversary (default: the recipe's, linf mostly)", ["linf", "l2"]),
    )
    .option("--epsilon <x>", "radius, in pixels of [0, 1] (default: 0.3 for mnist, else 8/255)", positive)
    .option("--steps <n>", "PGD steps of the adversary (default: the recipe's, 7 mostly)", count)
    .option("--step-size <x>", "of the adversary (default: the recipe's, or 2.5 ε / steps)", positive)
    .option("--no-random-start", "start the adversary at the image itself")
    .option("--epsilon-warmup <share>", "share of the steps in which ε rises linearly", share, 0.4)
    .option("--alpha <x>", "weight of logit pairing (default: the recipe's)", notNegative)
    .option("--beta <x>", "weight of attention pairing (default: the recipe's)", notNegative);
}

function imageAndValidationOptions(command: Command): void {
  command
    .option("--flip <p>", "mirror training images with this probability", share)
    .option("--crop-padding <n>", "random crop after zero padding of n pixels", whole(1, 1024))
    .option(
      "--resized-crop <share>",
      "random crop of at least this share of the area, resized back",
      shareAboveZero,
    )
    .option("--brightness <x>", "multiply by a factor in [1 − x, 1 + x]", upTo(1))
    .option("--contrast <x>", "the same for the distance from the image's mean gray", upTo(1))
    .option("--saturation <x>", "the same for the distance from each pixel's gray", upTo(1))
    .option("--hue <turns>", "turn the colours by up to this share of the circle, at most 0.5", upTo(0.5))
    .option("--rotation <degrees>", "rotate training images up to this angle either way", upTo(180))
    .option(
      "--validation <n>",
      "images split off to choose the best weights; 0: keep the last (default: 1000, or a fifth of the training images where that is fewer)",
      countOrNone,
    )
    .option("--validation-data <name>", "draw them from here instead, such as 17flowers:val")
    .option("--validate-every <n>", "epochs between validations", positive, 1)
    .option("--validation-steps <n>", "PGD steps in validation", count, 10)
    .option("--patience <n>", "stop after n validations without a better one (default: never)", count)
    .option("--checkpoint-every <n>", "steps between checkpoints", count, 200);
}
