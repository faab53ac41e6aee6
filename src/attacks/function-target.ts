import { HoldfastError, InputError, UsageError } from "../errors/index.js";

import { STEP } from "./pgd-step.js";
import { NO_CLASS, oneHot } from "./scoring.js";
import { FORWARD, logitsFrom, type Target } from "./target.js";

/** The images that a function takes, and its classes. */
export interface FunctionInput {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
}

/** Maps any number of images `[n, C, H, W]` in [0, 1] to logits `[n, K]` or labels `[n]`. It may keep and change the images. */
export type ImageFunction = (images: Float32Array) => Promise<Float32Array | Int32Array>;

/** How to call a function, and what it returns. */
export interface FunctionTargetOptions {
  /** Images per call, at most. Smaller calls are not padded. */
  readonly batchSize: number;
  readonly gives: "logits" | "labels";
  /** Called once, when the target is disposed of. */
  readonly dispose?: (() => Promise<void>) | undefined;
}

/**
 * A target made from any function: a remote service, or a pipeline that is not a graph. It has no gradient, and attacks
 * that need one are refused. The function must return the same output for the same image.
 *
 * Labels become logits, 1 for the class and 0 for all others, so a loss says no more than the label. The label
 * {@link NO_CLASS}, like NaN among logits, is wrong for every class.
 *
 * If the function throws or returns anything else, using the target throws an InputError (place `target`) with the number of
 * the call. A `HoldfastError` from the function passes through unchanged.
 *
 * @throws UsageError if a size is not a whole number above 0, or there are fewer than two classes.
 * @example
 * ```ts
 * import { createFunctionTarget } from "holdfast";
 *
 * const target = createFunctionTarget(
 *   { channels: 3, height: 32, width: 32, classNames: ["cat", "dog"] },
 *   async (images) => {
 *     const response = await fetch("https://classifier.example/labels", { method: "POST", body: images.slice() });
 *     return Int32Array.from((await response.json()) as number[]);
 *   },
 *   { batchSize: 100, gives: "labels" },
 * );
 * console.log(await target.logits(new Float32Array(target.imageSize)));
 * ```
 */
export function createFunctionTarget(
  { channels, height, width, classNames }: FunctionInput,
  answer: ImageFunction,
  { batchSize, gives, dispose }: FunctionTargetOptions,
): Target {
  checkSizes({ channels, height, width, batchSize });
  const classCount = classNames.length;
  if (classCount < 2) {
    throw new UsageError({
      place: "classNames",
      problem: `must name at least 2 classes, found ${classCount}`,
    });
  }
  const imageSize = channels * height * width;
  let calls = 0;
  const call = async (images: Float32Array, n: number): Promise<Float32Array> => {
    const place = ++calls;
    const said = await answered(answer, images, place);
    return gives === "logits"
      ? checkLogits(said, n, classCount, place)
      : logitsOfLabels(said, n, classCount, place);
  };
  let isDisposed = false;
  const target: Target = {
    batchSize,
    classCount,
    imageSize,
    imageShape: [channels, height, width],
    access: gives === "logits" ? "logits" : "decision",
    randomised: false,
    samples: 1,
    drawsOf: () => 1,
    async answer({ key }, queries) {
      if (key !== FORWARD.key) {
        throw new UsageError({
          place: "target",
          problem: `is a function that gives ${gives}, so it cannot give "${key}"`,
          remedy: "Use an attack that needs only logits.",
        });
      }
      const images = new Float32Array(queries.length * imageSize);
      queries.forEach(({ rows }, i) => images.set(rows[STEP.image]!, i * imageSize));
      const logits = await call(images, queries.length);
      return queries.map((_, i) => ({
        [STEP.cleanLogits]: logits.slice(i * classCount, (i + 1) * classCount),
      }));
    },
    logits: (images, at) => logitsFrom(target, images, at),
    async dispose() {
      if (isDisposed) return;
      isDisposed = true;
      await dispose?.();
    },
  };
  return target;
}

function checkSizes(sizes: Readonly<Record<string, number>>): void {
  for (const [place, size] of Object.entries(sizes)) {
    if (Number.isSafeInteger(size) && size > 0) continue;
    throw new UsageError({ place, problem: `must be a whole number above 0, found ${size}` });
  }
}

async function answered(answer: ImageFunction, images: Float32Array, call: number): Promise<unknown> {
  try {
    return await answer(images);
  } catch (cause) {
    // Its message already has a remedy.
    if (cause instanceof HoldfastError) throw cause;
    throw new InputError({
      place: "target",
      problem: `its function threw in call ${call}: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: "Check what the function does with these images.",
      cause,
    });
  }
}

const refused = (call: number, expected: string, found: string): InputError =>
  new InputError({
    place: "target",
    problem: `its function must return ${expected}, but returned ${found} in call ${call}`,
    remedy: "Return one row per image, in the order of the images.",
  });

function checkLogits(said: unknown, n: number, classes: number, call: number): Float32Array {
  if (said instanceof Float32Array && said.length === n * classes) return said;
  throw refused(call, `a Float32Array of ${n} × ${classes} logits`, described(said));
}

function logitsOfLabels(said: unknown, n: number, classes: number, call: number): Float32Array {
  if (!(said instanceof Int32Array) || said.length !== n) {
    throw refused(call, `an Int32Array of ${n} labels`, described(said));
  }
  const unknown = said.find((label) => label !== NO_CLASS && (label < 0 || label >= classes));
  if (unknown !== undefined) throw refused(call, `labels from 0 to ${classes - 1}`, `the label ${unknown}`);
  const logits = oneHot(
    said.map((label) => Math.max(label, 0)),
    classes,
  );
  said.forEach((label, i) => {
    if (label === NO_CLASS) logits.fill(NaN, i * classes, (i + 1) * classes);
  });
  return logits;
}

function described(said: unknown): string {
  if (said === null || typeof said !== "object") return String(said);
  const { length } = said as { readonly length?: unknown };
  const kind = said.constructor?.name ?? "an object";
  return typeof length === "number" ? `a ${kind} of ${length}` : `a ${kind}`;
}
