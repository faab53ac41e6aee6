import { InputError } from "../errors/index.js";
import { bind, type Dim, type Graph, type UnreadableNode } from "../graph/index.js";
import { compile, openOriginal, type CompileOptions, type Program } from "../runtime/index.js";
import { isFloat, tensor, toNumbers } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";

/**
 * An image classifier with nodes that holdfast does not read. ONNX Runtime runs its file unchanged: it maps images
 * `[N, C, H, W]` in [0, 1] to logits `[N, K]`, and has neither a graph nor a gradient.
 */
export interface OpaqueClassifier extends Pick<
  Classifier,
  "name" | "channels" | "height" | "width" | "classNames" | "unnamed"
> {
  readonly path: string;
  /** Turns images into what the file's input takes. It has one output. */
  readonly preprocessing: Graph<Dim>;
  /** Name of the input of `preprocessing`. */
  readonly image: string;
  readonly input: string;
  readonly output: string;
  /** The batch size that the file fixes; undefined if any size works. */
  readonly batchSize: number | undefined;
  /** Numbers in its floating-point constants. */
  readonly parameterCount: number;
  /** Every unsupported node. */
  readonly unread: readonly UnreadableNode[];
  /** Whether its outputs are probabilities; their logarithms are then the logits. */
  readonly logarithm?: boolean | undefined;
}

/** A classifier that can be measured, with or without a graph. */
export type AnyClassifier = Classifier | OpaqueClassifier;

/** Whether ONNX Runtime runs the model's file unchanged; such a model has no gradient. */
export function isOpaque(classifier: AnyClassifier): classifier is OpaqueClassifier {
  return !("graph" in classifier);
}

export interface OpaqueOptions {
  /** Most images per run. */
  readonly batchSize: number;
  readonly threads?: number | undefined;
  /** For the preprocessing. */
  readonly compile?: ((graph: Graph, options?: CompileOptions) => Promise<Program>) | undefined;
}

/** An opaque classifier that was opened. */
export interface OpaqueRun {
  /** Logits `[n, K]` of up to a batch of images `[n, C, H, W]`. */
  logits(images: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Products with fewer than four rows are computed in another order, and every new batch size is planned again. */
const ROWS = 8;
/** The least float32 above 0: used as the probability if it was rounded to 0. */
const LEAST = 2 ** -149;

/**
 * Opens the file in ONNX Runtime, and its preprocessing.
 *
 * @throws InputError if ONNX Runtime refuses it; a run also does, if its output is not one number per class and image.
 */
export async function openOpaque(
  classifier: OpaqueClassifier,
  { batchSize, threads, compile: compiler = compile }: OpaqueOptions,
): Promise<OpaqueRun> {
  const {
    path,
    channels,
    height,
    width,
    preprocessing,
    input,
    output,
    classNames,
    logarithm = false,
  } = classifier;
  const imageSize = channels * height * width;
  const classes = classNames.length;
  const original = await openOriginal(path, { threads, output });
  const before = await compiler(
    bind(preprocessing, { N: batchSize }),
    threads === undefined ? {} : { threads },
  ).catch(async (error: unknown) => {
    await original.dispose();
    throw error;
  });
  return {
    async logits(images) {
      const n = images.length / imageSize;
      const rows = classifier.batchSize ?? Math.min(batchSize, Math.ceil(n / ROWS) * ROWS);
      const filled = new Float32Array(batchSize * imageSize);
      filled.set(images);
      for (let i = n; i < batchSize; i++)
        filled.copyWithin(i * imageSize, (n - 1) * imageSize, n * imageSize);
      const fed = (
        await before.run({
          [classifier.image]: tensor("float32", [batchSize, channels, height, width], filled),
        })
      )[preprocessing.outputs[0]!]!;
      const size = fed.data.length / batchSize;
      const some = tensor(fed.dtype, [rows, ...fed.shape.slice(1)], fed.data.slice(0, rows * size));
      const said = await original.run({ [input]: some }, output);
      if (!isFloat(said.dtype) || said.shape[0] !== rows || said.data.length !== rows * classes) {
        throw new InputError({
          place: `${path}: output "${output}"`,
          problem: `is ${said.dtype}[${said.shape.join(", ")}] for ${rows} images, expected [${rows}, ${classes}]`,
          remedy: "Export a classifier with one logit per class, or choose another output.",
        });
      }
      const logits = Float32Array.from(toNumbers(said)).slice(0, n * classes);
      return logarithm ? logits.map((p) => Math.log(p <= 0 ? LEAST : p)) : logits;
    },
    async dispose() {
      await Promise.all([original.dispose(), before.dispose()]);
    },
  };
}
