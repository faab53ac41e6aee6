import type { Command } from "commander";

/** A command, before it is loaded. */
interface Entry {
  /** Its line in `holdfast --help`. */
  readonly description: string;
  /** What defines it: its arguments, options and action. */
  readonly load: () => Promise<(program: Command) => void>;
}

/** Every command, in the order of the help. Only the one that is asked for is loaded: the others are a name and a line. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  train: {
    description: "train a classifier, defended or not, in a run folder",
    load: async () => (await import("./commands/train.js")).trainCommand,
  },
  attack: {
    description: "attack a model's images, and keep the adversarial images",
    load: async () => (await import("./commands/attack.js")).attackCommand,
  },
  evaluate: {
    description: "measure one or more models: clean, under white-box attack, and by transfer between them",
    load: async () => (await import("./commands/evaluate.js")).evaluateCommand,
  },
  compare: {
    description: "compare two models image by image: clean, under attack, by transfer, in time and size",
    load: async () => (await import("./commands/compare.js")).compareCommand,
  },
  init: {
    description: "write a holdfast.yaml that holdfast check reads",
    load: async () => (await import("./commands/init.js")).initCommand,
  },
  check: {
    description: "measure what holdfast.yaml names, and fail where an assertion does not hold",
    load: async () => (await import("./commands/check.js")).checkCommand,
  },
  falsify: {
    description: "search the inputs that a VNN-LIB property allows for a counterexample",
    load: async () => (await import("./commands/falsify.js")).falsifyCommand,
  },
  report: {
    description: "make the HTML report of a result or of a training: one file that needs nothing else",
    load: async () => (await import("./commands/report.js")).reportCommand,
  },
  export: {
    description: "write runs and results for other tools: trackers, spreadsheets, model cards, evidence",
    load: async () => (await import("./commands/export.js")).exportCommand,
  },
  inspect: {
    description: "say what a model is, how it was understood, whether it can be attacked and what that takes",
    load: async () => (await import("./commands/inspect.js")).inspectCommand,
  },
  devices: {
    description: "list what models can run on here, and what the others lack",
    load: async () => (await import("./commands/devices.js")).devicesCommand,
  },
  gradient: {
    description: "write a model together with its gradient as an ordinary ONNX file",
    load: async () => (await import("./commands/gradient.js")).gradientCommand,
  },
  explain: {
    description: "show where a model looks, on clean and on adversarial images, by its own gradient",
    load: async () => (await import("./commands/explain.js")).explainCommand,
  },
  data: {
    description: "say what a dataset holds: images, sizes and classes",
    load: async () => (await import("./commands/data.js")).dataCommand,
  },
  reproduce: {
    description: "make the paper's tables and figures: train, craft, score, measure, report",
    load: async () => (await import("./commands/reproduce.js")).reproduceCommand,
  },
  merge: {
    description: "put the shards of an evaluation, or of a reproduction, together",
    load: async () => (await import("./commands/merge.js")).mergeCommand,
  },
  recipes: {
    description: "list the defences, or print one as a file to begin your own with",
    load: async () => (await import("./commands/recipes.js")).recipesCommand,
  },
  sweep: {
    description: "train with every combination of some settings, and show which is best",
    load: async () => (await import("./commands/sweep.js")).sweepCommand,
  },
};
