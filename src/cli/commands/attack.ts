import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { ThreatModel } from "../../attacks/index.js";
import type { Dataset } from "../../data/index.js";
import type { AttackMeasurement, CleanMeasurement, Sample } from "../../evaluation/index.js";
import type { Classifier } from "../../models/index.js";
import type { Device } from "../../runtime/index.js";
import { sharesOf } from "../attack-shares.js";
import {
  attackOptions,
  describeAttack,
  givenOptions,
  type AttackOptions,
  type Given,
} from "../attack-options.js";
import { openAskedDevice } from "../device.js";
import { openSample, ownShape, usualEpsilon } from "../images.js";
import { extraInputs, loadModel, modelOptions, type LoadedModel, type ModelOptions } from "../models.js";
import { checkFolder, checkOutputs } from "../outputs.js";
import { settleModel } from "../settle.js";
import { checkSaveFolder, describeSaved, isFolder, saveFolder } from "../save-folder.js";
import { isPicture, picturesOrArrays, writePictures } from "../pictures.js";
import {
  commonOptions,
  computeOptions,
  dataOptions,
  type CommonOptions,
  type ComputeOptions,
  mapOptions,
  type DataOptions,
  type MapOptions,
} from "../shared-options.js";
import { createTerminal, formatPercent, type Terminal } from "../terminal.js";

interface AttackCommandOptions
  extends CommonOptions, ComputeOptions, DataOptions, MapOptions, AttackOptions, ModelOptions {
  readonly target?: string;
  readonly save?: string;
}

const EXAMPLES = `
Examples:
  holdfast attack runs/mnist-at-alp --data mnist:test --epsilon 0.3 --limit 1000
  holdfast attack model.onnx --data photos:test --attack fgsm --epsilon 4/255
  holdfast attack model.onnx --data photos:test --attack apgd-t --norm l2 --epsilon 0.5
  holdfast attack model.onnx --data photos:test --attack square --queries 1000 --epsilon 8/255
  holdfast attack model.onnx --data photos:test --epsilon 8/255 --save adversarial.npz
  holdfast attack model.onnx --data photos:test --epsilon 8/255 --save adversarial/

--save writes one of:
  adversarial.npz  adversarial (float32 [N, C, H, W]), label, clean_prediction, adversarial_prediction, success, file
  adversarial/     a folder: a picture of each image (8 bits per channel, rounded inside the ball) and saved.json,
                   with the model's prediction for each picture as read back
  adversarial.png  a picture, or numbered pictures if there are several. Each pixel is rounded to its nearest
                   level, so the model's prediction for the picture may differ.`;

export function attackCommand(program: Command): void {
  const command = program.command("attack").argument("<model>", "a run folder or an .onnx file");
  mapOptions(dataOptions(command, "mnist:test"));
  attackOptions(command, { epsilon: "radius, for pixels in [0, 1] (default: 0.3 for mnist, else 8/255)" });
  command
    .option("--target <class>", "make the model predict this class (by name), instead of any wrong one")
    .option(
      "--save <file>",
      "save the adversarial images: an .npz, a folder/ of pictures (classified again), or a .png",
      picturesOrArrays,
    );
  modelOptions(command);
  commonOptions(computeOptions(command));
  command
    .addHelpText("after", EXAMPLES)
    .action((model: string, options: AttackCommandOptions, self: Command) =>
      attack(model, options, givenOptions(self)),
    );
}

async function attack(path: string, options: AttackCommandOptions, given: Given): Promise<void> {
  const terminal = createTerminal(options);
  const folder = options.save !== undefined && isFolder(options.save) ? options.save : undefined;
  if (folder !== undefined) {
    checkFolder("--save", folder);
    await checkSaveFolder(folder);
  }
  await checkOutputs(
    { "--save": folder === undefined || !existsSync(folder) ? options.save : undefined },
    { "the model": path, ...extraInputs(options) },
    { "--data": options.data },
  );
  const device = await openAskedDevice(options, terminal);
  const loaded = await loadModel(path, options, terminal, () => ownShape(options));
  const model = await settleModel(loaded, options, terminal);
  const { name, classifier: asLoaded } = model;
  const sample = await openSample(options, options.seed, [model], terminal);
  const { dataset } = sample;
  const { batchWithin, checkFit, readAsLogits } = await import("../../evaluation/index.js");
  checkFit(name, asLoaded, dataset);
  const classifier = await readAsLogits(name, asLoaded, dataset, {
    threads: options.threads,
    compile: device?.compile,
    batchSize: options.batchSize,
    onNotice: (text) => terminal.note(text),
  });
  const threat = await threatOf(options);
  const aim = await targetClass(options, dataset);
  terminal.note(
    `${dataset.length} of ${sample.population} images of ${dataset.name}, seed ${options.seed}\n` +
      describeAttack(options, given, [threat.epsilon]),
  );
  const batchSize = await batchWithin([classifier], {
    batchSize: Math.min(options.batchSize, dataset.length),
    attack: options.attack,
    norm: threat.norm,
    memory: options.memory,
    onWarning: (message) => terminal.warn(message),
  });
  const work = { name, classifier, dataset, threat, given, aim, terminal, device };
  const fitting = { ...options, batchSize };
  const outcome = await run(fitting, work);
  const saved = await save(fitting, work, outcome);
  await report(options, terminal, { model, sample, aim, outcome, saved, device });
}

async function threatOf({ norm, epsilon, data }: AttackCommandOptions): Promise<ThreatModel> {
  const { UsageError } = await import("../../errors/index.js");
  if ((epsilon?.length ?? 0) > 1) {
    throw new UsageError({
      place: "--epsilon",
      problem: "takes only one radius in this command",
      remedy: "For a list, use holdfast evaluate.",
    });
  }
  return { norm, epsilon: epsilon?.[0] ?? usualEpsilon(data, norm) };
}

interface Work {
  readonly name: string;
  readonly classifier: Classifier;
  readonly dataset: Dataset;
  readonly threat: ThreatModel;
  readonly given: Given;
  /** The target class; undefined for any but the label. */
  readonly aim: number | undefined;
  readonly terminal: Terminal;
  /** The device; undefined for the CPU. */
  readonly device: Device | undefined;
}

interface Outcome {
  /** `[N, C, H, W]`, in the dataset's order. */
  readonly adversarial: Float32Array;
  readonly clean: CleanMeasurement;
  readonly attacked: AttackMeasurement;
}

async function run(options: AttackCommandOptions, work: Work): Promise<Outcome> {
  const { createTarget, planAttack } = await import("../../attacks/index.js");
  const { attackDataset, attackNamed, cleanMeasurement, createTally, whiteBoxMeasurement } =
    await import("../../evaluation/index.js");
  const { fixedBatchSize } = await import("../../models/index.js");
  const { createGenerator } = await import("../../tensor/index.js");
  const { name, classifier, dataset, threat, given, aim } = work;
  const { seed, threads } = options;
  const planned = planAttack(attackNamed(options.attack), threat, given as never);
  const batchSize = fixedBatchSize(classifier) ?? Math.min(options.batchSize, dataset.length);
  const target = createTarget(classifier, { batchSize, threads, compile: work.device?.compile });
  const adversarial = new Float32Array(dataset.length * target.imageSize);
  const tally = createTally();
  const progress = work.terminal.progress(dataset.length, "images");
  const started = performance.now();
  try {
    let done = 0;
    for await (const outcome of attackDataset(target, dataset, planned, {
      random: createGenerator(seed),
      aim,
    })) {
      tally.add(outcome);
      adversarial.set(outcome.value.adversarial, outcome.place * target.imageSize);
      progress.at(++done, "");
    }
  } finally {
    progress.stop();
    await target.dispose();
  }
  tally.seconds = (performance.now() - started) / 1000;
  return {
    adversarial,
    clean: cleanMeasurement(name, tally.perImage, seed, tally.seconds),
    attacked: whiteBoxMeasurement(name, classifier, {
      planned: { name: planned.attack.name, threat, stages: [planned], isSuite: false },
      targeted: aim !== undefined,
      tally,
      seed,
    }),
  };
}

async function targetClass({ target }: AttackCommandOptions, dataset: Dataset): Promise<number | undefined> {
  if (target === undefined) return undefined;
  const { lookUpClasses } = await import("../../data/index.js");
  const [found, ...more] = lookUpClasses(dataset).outputsOf(target);
  if (found !== undefined && more.length === 0) return found;
  const { suggestName, UsageError } = await import("../../errors/index.js");
  throw new UsageError({
    place: "--target",
    problem:
      found === undefined
        ? `"${target}" is not a class of ${dataset.name}`
        : `"${target}" may be any of the outputs ${[found, ...more].join(", ")}`,
    remedy: suggestName(target, dataset.classNames),
  });
}

/** Saves the images. Returns the files. */
async function save(
  options: AttackCommandOptions,
  work: Work,
  { adversarial, attacked }: Outcome,
): Promise<readonly string[]> {
  const { save: path } = options;
  const { dataset } = work;
  if (path === undefined) return [];
  if (isFolder(path)) return saveAll(path, options, work, { adversarial, attacked });
  if (isPicture(path)) return writePictures(path, dataset, adversarial);
  const { encodeNpz, tensor } = await import("../../tensor/index.js");
  const { writeFileAtomic } = await import("../../files/index.js");
  const { length, channels, height, width } = dataset;
  const { cleanPrediction, adversarialPrediction, success } = attacked.perImage!;
  const arrays = {
    adversarial: tensor("float32", [length, channels, height, width], adversarial),
    label: tensor("int32", [length], dataset.labels),
    clean_prediction: tensor("int32", [length], Int32Array.from(cleanPrediction)),
    adversarial_prediction: tensor("int32", [length], Int32Array.from(adversarialPrediction)),
    success: tensor("bool", [length], Uint8Array.from(success)),
    file: Array.from({ length }, (_, i) => dataset.fileName(i)),
  };
  await writeFileAtomic(path, encodeNpz(arrays));
  return [path];
}

/** Saves a picture of each image, classified again as read back. */
async function saveAll(
  folder: string,
  { batchSize: most, threads }: AttackCommandOptions,
  { classifier, dataset, threat, aim, terminal, device }: Work,
  { adversarial, attacked }: Pick<Outcome, "adversarial" | "attacked">,
): Promise<readonly string[]> {
  const { createTarget } = await import("../../attacks/index.js");
  const { fixedBatchSize } = await import("../../models/index.js");
  const { join } = await import("node:path");
  const batchSize = fixedBatchSize(classifier) ?? Math.min(most, dataset.length);
  const target = createTarget(classifier, { batchSize, threads, compile: device?.compile });
  const { cleanPrediction, success } = attacked.perImage!;
  try {
    const rows = await saveFolder({
      folder,
      target,
      dataset,
      threat,
      aim,
      adversarial,
      cleanPrediction,
      success,
    });
    terminal.note(describeSaved(folder, rows));
    return rows.map(({ file }) => join(folder, file));
  } finally {
    await target.dispose();
  }
}

interface Finished {
  readonly model: LoadedModel;
  readonly sample: Sample;
  readonly aim: number | undefined;
  readonly outcome: Outcome;
  readonly saved: readonly string[];
  readonly device: Device | undefined;
}

async function report(
  options: AttackCommandOptions,
  terminal: Terminal,
  { model, sample, aim, outcome, saved, device }: Finished,
): Promise<void> {
  const { checkGates, describeSample, wilsonInterval } = await import("../../evaluation/index.js");
  const { clean, attacked } = outcome;
  const { images, leftOut, ...shares } = sharesOf(attacked.perImage!, aim, wilsonInterval);
  const { name, info } = model;
  const measured = {
    dataset: describeSample(sample),
    measurements: [clean, attacked],
    models: [{ name, guess: info.guess }],
  };
  const warnings = checkGates(measured).filter(({ severity }) => severity !== "info");
  for (const { code, severity, message } of warnings) {
    // Already shown when the guess was made.
    if (code === "guessed-pixels") continue;
    terminal.warn(severity === "serious" ? `serious: ${message}` : message);
  }
  const shown = aim === undefined ? shares.robust : shares.success;
  const words =
    aim === undefined
      ? `${formatPercent(shares.clean.accuracy)} of ${images} images are right when clean, ${formatPercent(shown.accuracy)} stay right`
      : `${formatPercent(shown.accuracy)} of ${images} images became "${options.target}"` +
        (leftOut === 0 ? "" : ` (leaving out ${leftOut} that already were)`);
  terminal.result(
    `${name}: ${words} (95 % interval ${(100 * shown.low).toFixed(1)}–${(100 * shown.high).toFixed(1)} %), ` +
      `largest perturbation ${Number(attacked.largestPerturbation.toPrecision(6))}` +
      (aim === undefined ? ". An upper bound: a stronger attack may break more." : "") +
      (saved.length === 0 ? "" : `\n${saved[0]}${saved.length > 1 ? ` … ${saved.at(-1)}` : ""}`),
    {
      model: name,
      attack: options.attack,
      ...attacked.threat,
      ...attacked.parameters,
      seed: options.seed,
      ...(device === undefined ? {} : { device: device.use() }),
      images,
      leftOut,
      ...shares,
      largestPerturbation: attacked.largestPerturbation,
      nonFinite: attacked.nonFinite,
      zeroGradient: attacked.zeroGradient,
      warnings,
      saved: saved.length > 1 ? saved : (saved[0] ?? null),
    },
  );
}
