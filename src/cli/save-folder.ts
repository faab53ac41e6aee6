/** Saves adversarial images as pictures in a folder: rounded inside the ball, and classified again as read back. */
import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { Target, ThreatModel } from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import { pictureBytes } from "./pictures.js";

/** Facts about a saved picture: a row of `saved.json`. */
export interface SavedPicture {
  readonly file: string;
  /** The image it was made from. */
  readonly source: string;
  readonly label: string;
  readonly cleanPrediction: string;
  /** The model's prediction for the picture as read back; null if a logit is NaN. */
  readonly prediction: string | null;
  /** Whether it is adversarial as read back. */
  readonly success: boolean;
  /** Whether it was adversarial before rounding. */
  readonly successBefore: boolean;
  /** Distance from the clean image, in the norm of the attack. */
  readonly distance: number;
}

export interface Saving {
  readonly folder: string;
  readonly target: Target;
  readonly dataset: Dataset;
  readonly threat: ThreatModel;
  /** The target class; undefined for any but the label. */
  readonly aim: number | undefined;
  /** `[N, C, H, W]` */
  readonly adversarial: Float32Array;
  readonly cleanPrediction: readonly number[];
  readonly success: readonly number[];
}

const MANIFEST = "saved.json";

/** Whether a path means a folder: it ends with a slash, or is one. */
export function isFolder(path: string): boolean {
  return /[/\\]$/.test(path) || (existsSync(path) && statSync(path).isDirectory());
}

/** @throws UsageError if the folder holds anything other than pictures saved in this way. */
export async function checkSaveFolder(folder: string): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  if (names.length === 0 || names.includes(MANIFEST)) return;
  const { UsageError } = await import("../errors/index.js");
  throw new UsageError({
    place: `--save ${folder}`,
    problem: `holds other files, ${names[0]} among them`,
    remedy: "Name a new or an empty folder.",
  });
}

/**
 * Writes every adversarial image as an 8-bit PNG, and `saved.json` with a row for each.
 *
 * @returns the rows.
 * @throws InputError if they cannot be written.
 */
export async function saveFolder(saving: Saving): Promise<SavedPicture[]> {
  const { ensureFolder, replaceFile, writeFileAtomic } = await import("../files/index.js");
  const { ballAround, predictions, roundedInside, roundedOutwards } = await import("../attacks/index.js");
  const { folder, target, dataset, threat, aim, adversarial, cleanPrediction, success } = saving;
  const { imageSize, classCount } = target;
  await ensureFolder(folder);
  const isReached = (place: number, said: number): boolean =>
    aim === undefined ? said !== dataset.labels[place] : said === aim;
  const answers = async (images: Float32Array): Promise<Int32Array> =>
    predictions(await target.logits(images), images.length / imageSize, classCount);
  const rows: SavedPicture[] = [];
  const name = (of: number): string => dataset.classNames[of] ?? String(of);
  const digits = String(dataset.length).length;
  for (let start = 0; start < dataset.length; start += target.batchSize) {
    const size = Math.min(target.batchSize, dataset.length - start);
    const clean = new Float32Array(size * imageSize);
    const row = (all: Float32Array, i: number): Float32Array =>
      all.subarray(i * imageSize, (i + 1) * imageSize);
    for (let i = 0; i < size; i++) await dataset.read(start + i, row(clean, i));
    const rounded = new Float32Array(size * imageSize);
    for (let i = 0; i < size; i++) {
      row(rounded, i).set(roundedInside(row(adversarial, start + i), row(clean, i), threat));
    }
    const said = await answers(rounded);
    const lost = Array.from(said.keys()).filter(
      (i) => success[start + i] === 1 && !isReached(start + i, said[i]!) && threat.norm === "linf",
    );
    if (lost.length > 0) {
      const others = new Float32Array(lost.length * imageSize);
      lost.forEach((i, k) =>
        row(others, k).set(roundedOutwards(row(adversarial, start + i), row(clean, i), threat)),
      );
      const again = await answers(others);
      lost.forEach((i, k) => {
        if (isReached(start + i, again[k]!)) row(rounded, i).set(row(others, k));
      });
    }
    const files: string[] = [];
    for (let i = 0; i < size; i++) {
      const place = start + i;
      const file = [
        String(place + 1).padStart(digits, "0"),
        safe(basename(dataset.fileName(place), extname(dataset.fileName(place)))),
        safe(name(dataset.labels[place]!)),
      ].join("-");
      files.push(`${file}.png`);
      await replaceFile(join(folder, files[i]!), await pictureBytes(dataset, row(rounded, i)));
    }
    // Judge what was actually written.
    const back = new Float32Array(size * imageSize);
    for (let i = 0; i < size; i++) await readBack(join(folder, files[i]!), dataset, row(back, i));
    const final = await answers(back);
    for (let i = 0; i < size; i++) {
      const place = start + i;
      rows.push({
        file: files[i]!,
        source: dataset.fileName(place),
        label: name(dataset.labels[place]!),
        cleanPrediction: name(cleanPrediction[place]!),
        prediction: final[i]! < 0 ? null : name(final[i]!),
        success: isReached(place, final[i]!),
        successBefore: success[place] === 1,
        distance: ballAround(threat, row(clean, i), [
          dataset.channels,
          dataset.height,
          dataset.width,
        ]).distance(row(back, i)),
      });
    }
  }
  await writeFileAtomic(join(folder, MANIFEST), `${JSON.stringify(rows, undefined, 1)}\n`);
  return rows;
}

/** Reduces a name to at most forty letters, digits and a few signs, which is never a path or a reserved name. */
function safe(name: string): string {
  const kept = name
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}._]+/gu, "_")
    .replace(/^[._]+|[._]+$/g, "");
  return [...kept].slice(0, 40).join("") || "_";
}

async function readBack(
  path: string,
  { channels, height, width }: Pick<Dataset, "channels" | "height" | "width">,
  into: Float32Array,
): Promise<void> {
  const { default: sharp } = await import("sharp");
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const area = height * width;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < area; pixel++) {
      into[channel * area + pixel] = data[pixel * info.channels + channel]! / 255;
    }
  }
}

/** Describes the outcome. */
export function describeSaved(folder: string, rows: readonly SavedPicture[]): string {
  const before = rows.filter(({ successBefore }) => successBefore).length;
  const after = rows.filter(({ success, successBefore }) => success && successBefore).length;
  const lost = before === after ? "" : `; ${before - after} no longer are (see ${MANIFEST})`;
  return `${join(folder, MANIFEST)}: ${rows.length} 8-bit pictures, rounded inside the ball; read back, ${after} of ${before} adversarial ones are still adversarial${lost}`;
}
