import type { Command } from "commander";
import type { Attack, AttackedBatch, PgdOptions, ThreatModel } from "../../attacks/index.js";
import type { Dataset } from "../../data/index.js";
import { attackOptions, describeAttack, type AttackOptions } from "../attack-options.js";
import { openSample, usualEpsilon } from "../images.js";
import { loadModel, modelOptions, type ModelOptions } from "../models.js";
import { checkOutputs } from "../outputs.js";
import { isPicture, picturesOrArrays, writePictures } from "../pictures.js";
import {
  commonOptions,
  computeOptions,
  dataOptions,
  type CommonOptions,
  type ComputeOptions,
  type DataOptions,
} from "../shared-options.js";
import { createTerminal, formatPercent, type Terminal } from "../terminal.js";
import { oneOf } from "../values.js";

interface AttackCommandOptions
  extends CommonOptions, ComputeOptions, DataOptions, AttackOptions, ModelOptions {
  readonly attack: "pgd" | "fgsm";
  readonly target?: string;
  readonly save?: string;
}

const EXAMPLES = `
Examples:
  holdfast attack runs/mnist-at-alp --data mnist:test --epsilon 0.3 --limit 1000
  holdfast attack model.onnx --data photos:test --attack fgsm --epsilon 4/255
  holdfast attack model.onnx --data photos:test --epsilon 8/255 --save adversarial.npz

The .npz holds adversarial (float32 [N, C, H, W]), label, clean_prediction,
adversarial_prediction, success and file. A .png is a picture, several are numbered pictures; each
is rounded to 8 bits, so that the model's answer to it may differ.`;

export function attackCommand(program: Command): void {
  const command = program
    .command("attack")
    .description("attack a model's images with its own gradient, and keep the adversarial images")
    .argument("<model>", "a run folder or an .onnx file")
    .addOption(oneOf("--attack <name>", "attack", ["pgd", "fgsm"]).default("pgd"));
  dataOptions(command, "mnist:test");
  attackOptions(command, "radius in pixels of [0, 1] (default: 0.3 for mnist, else 8/255)");
  command
    .option("--target <class>", "make every image this class (its name) instead of any other")
    .option("--save <file>", "keep the adversarial images: .npz, or .png for pictures", picturesOrArrays);
  modelOptions(command);
  commonOptions(computeOptions(command));
  command
    .addHelpText("after", EXAMPLES)
    .action((model: string, options: AttackCommandOptions) => attack(model, options));
}

async function attack(path: string, options: AttackCommandOptions): Promise<void> {
  const terminal = createTerminal(options);
  checkOutputs({ "--save": options.save }, { "the model": path, "--data": options.data });
  const { name, classifier: asLoaded } = await loadModel(path, options, terminal);
  const sample = await openSample(options, options.seed, asLoaded, terminal);
  const { dataset } = sample;
  const { checkFit, readAsLogits, zeroGradientOperators } = await import("../../evaluation/index.js");
  checkFit(name, asLoaded, dataset);
  const classifier = await readAsLogits(name, asLoaded, dataset, {
    threads: options.threads,
    onNotice: (text) => terminal.note(text),
  });
  const threat = await threatOf(options);
  terminal.note(
    `${dataset.length} of ${sample.population} images of ${dataset.name}, seed ${options.seed}\n` +
      (options.attack === "fgsm"
        ? `FGSM, ${threat.norm === "linf" ? "L∞" : "L2"}, ε ${threat.epsilon}`
        : describeAttack(options, [threat.epsilon])),
  );
  const outcome = await run(options, { classifier, dataset, threat, terminal });
  const saved = options.save === undefined ? [] : await save(options.save, dataset, outcome);
  const operators = zeroGradientOperators(classifier);
  await describe(options, terminal, { model: name, threat, dataset, outcome, operators, saved });
}

async function threatOf({ norm, epsilon, data }: AttackCommandOptions): Promise<ThreatModel> {
  const { UsageError } = await import("../../errors/index.js");
  if ((epsilon?.length ?? 0) > 1) {
    throw new UsageError({
      place: "--epsilon",
      problem: "takes one radius in this command",
      remedy: "For a list use holdfast evaluate.",
    });
  }
  return { norm, epsilon: epsilon?.[0] ?? usualEpsilon(data, norm) };
}

interface Work {
  readonly classifier: Parameters<typeof import("../../attacks/index.js").createTarget>[0];
  readonly dataset: Dataset;
  readonly threat: ThreatModel;
  readonly terminal: Terminal;
}

/** Columns over the images, in the dataset's order. */
interface Outcome {
  readonly adversarial: Float32Array;
  readonly cleanPrediction: Int32Array;
  readonly adversarialPrediction: Int32Array;
  readonly success: Uint8Array;
  /** 1 where the gradient said nothing. */
  readonly zeroGradient: Uint8Array;
  largest: number;
}

async function run(options: AttackCommandOptions, work: Work): Promise<Outcome> {
  const { createTarget, fgsm, pgd, runAttack } = await import("../../attacks/index.js");
  const { createLoader, placesOf } = await import("../../data/index.js");
  const { fixedBatchSize } = await import("../../models/index.js");
  const { createGenerator } = await import("../../tensor/index.js");
  const { classifier, dataset, threat } = work;
  const chosen: Attack<PgdOptions> = options.attack === "fgsm" ? fgsm : pgd;
  const { steps, stepSize, restarts, randomStart, draws, objective } = options;
  const given = {
    steps,
    restarts,
    randomStart,
    draws,
    objective,
    ...(stepSize === undefined ? {} : { stepSize }),
  };
  const batchSize = fixedBatchSize(classifier) ?? Math.min(options.batchSize, dataset.length);
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  const target = createTarget(classifier, { batchSize, ...threads });
  const random = createGenerator(options.seed);
  const loader = createLoader(dataset, { batchSize, random, shuffle: false });
  const outcome = emptyOutcome(dataset);
  const aim = await targetClass(options, dataset);
  const progress = work.terminal.progress(dataset.length, "images");
  try {
    let done = 0;
    for await (const batch of loader.batches()) {
      const targets = aim === undefined ? {} : { targets: batch.labels.map(() => aim) };
      const input = { ...batch, ...targets, indices: placesOf(dataset, batch.indices) };
      const one = await runAttack(target, chosen, input, threat, given, { random });
      keep(outcome, one, done, target.imageSize);
      done += batch.size;
      progress.at(done, "");
    }
  } finally {
    progress.stop();
    await Promise.all([loader.dispose(), target.dispose()]);
  }
  return outcome;
}

async function targetClass({ target }: AttackCommandOptions, dataset: Dataset): Promise<number | undefined> {
  if (target === undefined) return undefined;
  const found = dataset.classNames.indexOf(target.normalize("NFC"));
  if (found >= 0) return found;
  const { suggestName, UsageError } = await import("../../errors/index.js");
  throw new UsageError({
    place: "--target",
    problem: `"${target}" is not a class of ${dataset.name}`,
    remedy: suggestName(target, dataset.classNames),
  });
}

function emptyOutcome({ length, channels, height, width }: Dataset): Outcome {
  return {
    adversarial: new Float32Array(length * channels * height * width),
    cleanPrediction: new Int32Array(length),
    adversarialPrediction: new Int32Array(length),
    success: new Uint8Array(length),
    zeroGradient: new Uint8Array(length),
    largest: 0,
  };
}

function keep(outcome: Outcome, one: AttackedBatch, at: number, imageSize: number): void {
  outcome.adversarial.set(one.adversarial.subarray(0, one.success.length * imageSize), at * imageSize);
  outcome.cleanPrediction.set(one.cleanPrediction, at);
  outcome.adversarialPrediction.set(one.adversarialPrediction, at);
  outcome.success.set(one.success, at);
  outcome.zeroGradient.set(one.zeroGradient, at);
  for (const distance of one.distance) outcome.largest = Math.max(outcome.largest, distance);
}

/** Keeps the images; the files. */
async function save(path: string, dataset: Dataset, outcome: Outcome): Promise<string[]> {
  if (isPicture(path)) return writePictures(path, dataset, outcome.adversarial);
  const { encodeNpz, tensor } = await import("../../tensor/index.js");
  const { writeFileAtomic } = await import("../../files/index.js");
  const { length, channels, height, width } = dataset;
  const arrays = {
    adversarial: tensor("float32", [length, channels, height, width], outcome.adversarial),
    label: tensor("int32", [length], dataset.labels),
    clean_prediction: tensor("int32", [length], outcome.cleanPrediction),
    adversarial_prediction: tensor("int32", [length], outcome.adversarialPrediction),
    success: tensor("bool", [length], outcome.success),
    file: Array.from({ length }, (_, i) => dataset.fileName(i)),
  };
  await writeFileAtomic(path, encodeNpz(arrays));
  return [path];
}

interface Attacked {
  readonly model: string;
  readonly threat: ThreatModel;
  readonly dataset: Dataset;
  readonly outcome: Outcome;
  /** Nodes that pass no gradient. */
  readonly operators: readonly string[];
  readonly saved: readonly string[];
}

/** Places of the images that count: those that are the target already, by label or by answer, are made nothing. */
function countedOf(
  { cleanPrediction }: Outcome,
  { labels }: Dataset,
  target: number | undefined,
): readonly number[] {
  return [...cleanPrediction.keys()].filter(
    (i) => target === undefined || (labels[i] !== target && cleanPrediction[i] !== target),
  );
}

async function describe(
  options: AttackCommandOptions,
  terminal: Terminal,
  { model, threat, dataset, outcome, operators, saved }: Attacked,
): Promise<void> {
  const { describeZeroGradient, wilsonInterval } = await import("../../evaluation/index.js");
  const counted = countedOf(outcome, dataset, await targetClass(options, dataset));
  const n = counted.length;
  const leftOut = outcome.success.length - n;
  if (n === 0) {
    const { InputError } = await import("../../errors/index.js");
    throw new InputError({
      place: "--target",
      problem: `every image is "${options.target}" already, by its label or by the model's answer`,
      remedy: "Choose another target, or images of other classes.",
    });
  }
  const count = (is: (i: number) => boolean): number => counted.filter(is).length;
  const isRight = (i: number): boolean => outcome.cleanPrediction[i] === dataset.labels[i];
  const stays = (i: number): boolean => isRight(i) && outcome.adversarialPrediction[i] === dataset.labels[i];
  const broken = count((i) => outcome.success[i] === 1);
  const share = (count: number): { accuracy: number; low: number; high: number } => {
    const { low, high } = wilsonInterval(count, n);
    return { accuracy: count / n, low, high };
  };
  const clean = share(count(isRight));
  const [standing, success] = [share(count(stays)), share(broken)];
  const shown = options.target === undefined ? standing : success;
  const words =
    options.target === undefined
      ? `${formatPercent(clean.accuracy)} of ${n} images are right when clean, ${formatPercent(shown.accuracy)} stay right`
      : `${formatPercent(shown.accuracy)} of ${n} images became "${options.target}"` +
        (leftOut === 0 ? "" : ` (${leftOut} that were it already are left out)`);
  const zeroGradient = {
    images: count((i) => outcome.zeroGradient[i] === 1),
    standing: count((i) => outcome.zeroGradient[i] === 1 && outcome.success[i] === 0),
    operators,
  };
  const warnings = zeroGradient.standing === 0 ? [] : [describeZeroGradient(zeroGradient, n)];
  for (const warning of warnings) terminal.warn(`serious: ${warning}`);
  terminal.result(
    `${model}: ${words} (95 % interval ${(100 * shown.low).toFixed(1)}–${(100 * shown.high).toFixed(1)} %), ` +
      `largest perturbation ${Number(outcome.largest.toPrecision(6))}` +
      (options.target === undefined ? ". An upper bound: a stronger attack may break more." : "") +
      (saved.length === 0 ? "" : `\n${saved[0]}${saved.length > 1 ? ` … ${saved.at(-1)}` : ""}`),
    {
      model,
      attack: options.attack,
      ...threat,
      steps: options.attack === "fgsm" ? 1 : options.steps,
      restarts: options.restarts,
      draws: options.draws,
      seed: options.seed,
      objective: options.objective,
      images: n,
      leftOut,
      clean,
      robust: standing,
      success,
      largestPerturbation: outcome.largest,
      zeroGradient,
      warnings,
      saved: saved.length > 1 ? saved : (saved[0] ?? null),
    },
  );
}
