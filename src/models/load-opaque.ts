/** Models with unsupported nodes, whose files are run unchanged. */
import { InputError } from "../errors/index.js";
import { dimensionName, GraphBuilder, type Dim, type Graph, type UnreadableNode } from "../graph/index.js";
import type { Model, ValueInfo } from "../onnx/index.js";
import { openOriginal } from "../runtime/index.js";
import { isFloat, tensor, type DType } from "../tensor/index.js";
import { checkUnits } from "./check-units.js";
import { imageShapeOf, inputPreprocessing, wholeInput } from "./image-input.js";
import { classNamesOf } from "./class-names.js";
import { checkChannels, type LoadOptions } from "./load.js";
import { withOneOutput } from "./one-output.js";
import { dimsOf, withImageShape } from "./open-shape.js";
import type { OpaqueClassifier } from "./opaque.js";
import { isIdentity, withPreprocessing } from "./preprocess.js";

const FLOATS: ReadonlySet<DType> = new Set<DType>(["float32", "float64", "float16"]);

/**
 * A classifier for a file with the unsupported nodes `unread`. Its input, layout, pixels, output and names are found as by
 * {@link classifierFromFile}. A run finds the number of its classes.
 *
 * @throws InputError if its input is not images, its output is not one number per class, or ONNX Runtime cannot run it.
 */
export async function opaqueFromFile(
  model: Model,
  path: string,
  given: LoadOptions,
  unread: readonly UnreadableNode[],
): Promise<OpaqueClassifier> {
  const options = await withImageShape(model, path, given);
  checkUnits(options);
  const output = withOneOutput(model, path, options).graph.outputs[0]!.name;
  const input = imageInput(model, path);
  const bare = handedOn(input, path, options);
  const shape = imageShapeOf(bare, input.name, path, options);
  const [channels, height, width] = shape;
  checkChannels(channels, options);
  const preprocessing = inputPreprocessing(model, path, options);
  const [batch, ...rest] = bare.values.get(input.name)!.shape;
  const { graph, image } =
    rest.length === 3 && isIdentity(preprocessing)
      ? { graph: bare, image: input.name }
      : withPreprocessing(bare, input.name, shape, preprocessing);
  const batches = typeof batch === "number" ? [batch] : [2, 1];
  const found = await tried(path, { input, output, rest: rest as number[], batches });
  if (wholeInput(model) !== undefined)
    options.onNotice?.(`${path}: its input is ${input.dtype}: pixels are rounded to whole numbers`);
  if (typeof batch !== "number" && found.batch === 1)
    options.onNotice?.(`${path}: it takes one image at a time`);
  return Object.freeze({
    name: model.graph.name,
    channels,
    height,
    width,
    ...classNamesOf(model, found.classes, path, options),
    path,
    preprocessing: withType(graph, input.dtype),
    image,
    input: input.name,
    output,
    batchSize: typeof batch === "number" || found.batch === 1 ? found.batch : undefined,
    parameterCount: [...model.graph.initializers.values()].reduce(
      (sum, { dtype, data }) => sum + (isFloat(dtype) ? data.length : 0),
      0,
    ),
    unread,
  });
}

function imageInput(model: Model, place: string): ValueInfo {
  const { inputs } = model.graph;
  const [input] = inputs;
  if (inputs.length !== 1 || input === undefined) {
    throw new InputError({
      place,
      problem: `has ${inputs.length} inputs: ${inputs.map(({ name }) => name).join(", ")}`,
      remedy: "Export it with the image as its only input.",
    });
  }
  if (FLOATS.has(input.dtype)) return input;
  if (wholeInput(model) !== undefined) return input;
  throw new InputError({
    place: `${place}: input "${input.name}"`,
    problem: `is ${input.dtype}, expected float32`,
    remedy: "Export the model with a float32 input.",
  });
}

/** A graph that passes the file's input on, as float32. */
function handedOn({ name, shape }: ValueInfo, place: string, options: LoadOptions): Graph<Dim> {
  if (shape === undefined) {
    throw new InputError({
      place: `${place}: input "${name}"`,
      problem: "has no shape",
      remedy: "Export the model with a shape for its inputs.",
    });
  }
  const dims = dimsOf([{ name, shape, dtype: "float32" }], "N", options);
  const known = shape.map((dim, axis) => {
    if (typeof dim === "number") return dim;
    const called = dimensionName(name, axis, dim);
    return dims[called] ?? called;
  });
  const g = new GraphBuilder<Dim>("preprocessing");
  g.output(g.op("Identity", [g.input(name, "float32", known)], {}, { name: "handed_on" }));
  return g.build();
}

/** The graph with its output converted to the type of the file's input. */
function withType(graph: Graph<Dim>, dtype: DType): Graph<Dim> {
  if (dtype === "float32") return graph;
  const g = GraphBuilder.from(graph, { keepOutputs: false });
  const value = g.value(graph.outputs[0]!);
  // Rounded values have a small error, and a Cast truncates.
  const rounded = isFloat(dtype) ? value : g.op("Round", [value]);
  g.output(g.op("Cast", [rounded], { to: dtype }, { name: "cast" }));
  return g.build();
}

interface Trial {
  readonly input: ValueInfo;
  readonly output: string;
  /** Dimensions of the input, without the batch. */
  readonly rest: readonly number[];
  /** Batch sizes to try, in order. */
  readonly batches: readonly number[];
}

/** Runs zeros, to find out whether ONNX Runtime can run the file, with which batch sizes, and how many classes it has. */
async function tried(
  path: string,
  { input, output, rest, batches }: Trial,
): Promise<{ readonly classes: number; readonly batch: number }> {
  const original = await openOriginal(path, { output });
  try {
    let said: { readonly dtype: DType; readonly shape: readonly number[] } | undefined;
    for (const [i, batch] of batches.entries()) {
      const isLast = i === batches.length - 1;
      said = await original
        .run({ [input.name]: tensor(input.dtype, [batch, ...rest]) }, output)
        .catch((error: unknown) => {
          if (isLast) throw error;
          return undefined;
        });
      const [rows, classes, ...ones] = said?.shape ?? [];
      const isOne = rows === batch && classes !== undefined && classes > 1 && ones.every((dim) => dim === 1);
      if (said !== undefined && isOne && isFloat(said.dtype)) return { classes, batch };
    }
    throw new InputError({
      place: `${path}: output "${output}"`,
      problem: `is ${said!.dtype}[${said!.shape.join(", ")}], expected float32[N, K] with at least 2 classes`,
      remedy: "Export a classifier with one logit per class, or choose another output.",
    });
  } finally {
    await original.dispose();
  }
}
