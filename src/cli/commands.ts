import type { Command } from "commander";

/** A command, before it is loaded. */
interface Entry {
  /** Its line in `holdfast --help`. */
  readonly description: string;
  /** What defines it: its arguments, options and action. */
  readonly load: () => Promise<(program: Command) => void>;
}

/** Every command, in the order of the help. Only the requested one is loaded; the others are just a name and a line. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  train: {
    description: "train a classifier, with or without a defence",
    load: async () => (await import("./commands/train.js")).trainCommand,
  },
  attack: {
    description: "attack a model with images, and save the adversarial images",
    load: async () => (await import("./commands/attack.js")).attackCommand,
  },
  evaluate: {
    description: "measure one or more models: clean accuracy, white-box attacks, and transfer between them",
    load: async () => (await import("./commands/evaluate.js")).evaluateCommand,
  },
  compare: {
    description: "compare two models image by image: clean, under attack, by transfer, and in speed and size",
    load: async () => (await import("./commands/compare.js")).compareCommand,
  },
  init: {
    description: "write a holdfast.yaml for holdfast check",
    load: async () => (await import("./commands/init.js")).initCommand,
  },
  check: {
    description: "measure the models in holdfast.yaml, and fail if an assertion does not hold",
    load: async () => (await import("./commands/check.js")).checkCommand,
  },
  falsify: {
    description: "search for a counterexample to a VNN-LIB property",
    load: async () => (await import("./commands/falsify.js")).falsifyCommand,
  },
  report: {
    description: "make the HTML report of a result or a training run, as one self-contained file",
    load: async () => (await import("./commands/report.js")).reportCommand,
  },
  export: {
    description: "export runs and results to other tools: trackers, spreadsheets, model cards, evidence",
    load: async () => (await import("./commands/export.js")).exportCommand,
  },
  inspect: {
    description: "show how holdfast reads a model, whether it can be attacked, and what an attack costs",
    load: async () => (await import("./commands/inspect.js")).inspectCommand,
  },
  devices: {
    description: "list the devices that models can run on here, and what the others need",
    load: async () => (await import("./commands/devices.js")).devicesCommand,
  },
  gradient: {
    description: "write a model and its gradient as one ordinary ONNX file",
    load: async () => (await import("./commands/gradient.js")).gradientCommand,
  },
  explain: {
    description: "show where a model looks, on clean and on adversarial images",
    load: async () => (await import("./commands/explain.js")).explainCommand,
  },
  data: {
    description: "show what a dataset holds: images, sizes and classes",
    load: async () => (await import("./commands/data.js")).dataCommand,
  },
  reproduce: {
    description: "reproduce the paper's tables and figures: train, craft, score, measure, report",
    load: async () => (await import("./commands/reproduce.js")).reproduceCommand,
  },
  merge: {
    description: "merge the shards of an evaluation or a reproduction",
    load: async () => (await import("./commands/merge.js")).mergeCommand,
  },
  recipes: {
    description: "list the defences, or print one as a file to start your own from",
    load: async () => (await import("./commands/recipes.js")).recipesCommand,
  },
  sweep: {
    description: "train with every combination of some settings, and show the best",
    load: async () => (await import("./commands/sweep.js")).sweepCommand,
  },
};
