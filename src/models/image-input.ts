/** Image inputs of other kinds: integers, doubles, and flattened images. */
import { InputError, UsageError } from "../errors/index.js";
import { doublesAsFloats, type Dim, type Graph } from "../graph/index.js";
import type { Model } from "../onnx/index.js";
import type { DType } from "../tensor/index.js";
import { openSize, type KnownImageShape } from "./open-shape.js";
import type { Preprocessing } from "./preprocess.js";

const WHOLE: ReadonlySet<DType> = new Set<DType>(["uint8", "uint16", "int16", "int32", "int64"]);
/** The largest pixel of a model with integer inputs. */
export const WHOLE_RANGE = 255;

/** The integer type of a model's image input; undefined for other models. */
export function wholeInput({ graph }: Model): DType | undefined {
  // Older files list weights among the inputs.
  const types = graph.inputs.flatMap(({ name, dtype }) => (graph.initializers.has(name) ? [] : [dtype]));
  return types.every((dtype) => WHOLE.has(dtype)) ? types[0] : undefined;
}

/**
 * The model with integer and float64 inputs changed to float32, with a notice: images are float32 here, and a Cast at
 * the start then changes nothing.
 */
export function withFloatInputs(model: Model, place: string, onNotice: (notice: string) => void): Model {
  const { graph } = model;
  const isDouble = [...graph.inputs, ...graph.outputs].some(({ dtype }) => dtype === "float64");
  if (isDouble) onNotice(`${place}: its float64 tensors are computed in float32`);
  const single = isDouble ? doublesAsFloats(model) : model;
  const whole = wholeInput(model);
  if (whole === undefined) return single;
  onNotice(
    `${place}: its input is ${whole}: pixels are rounded to whole numbers up to ${WHOLE_RANGE}, and gradients pass straight ` +
      "through the rounding",
  );
  const inputs = single.graph.inputs.map((input) =>
    WHOLE.has(input.dtype) ? { ...input, dtype: "float32" as const } : input,
  );
  return { ...single, graph: { ...single.graph, inputs } };
}

/** How pixels in [0, 1] become the input, including what its type requires. */
export function inputPreprocessing(model: Model, place: string, options: Preprocessing): Preprocessing {
  const whole = wholeInput(model);
  if (whole === undefined) return options;
  if (options.mean !== undefined || options.std !== undefined) {
    throw new UsageError({
      place,
      problem: `takes ${whole} pixels, which cannot be normalised`,
      remedy: "Omit mean and std: the model receives whole numbers.",
    });
  }
  return { range: WHOLE_RANGE, ...options, rounded: true };
}

const isColour = (dim: Dim | undefined): boolean => dim === 1 || dim === 3 || dim === 4;

/**
 * `[C, H, W]` of the images for the input `name`. An input of rank 4 states it. The elements of any other input are
 * those of a picture of `size`, otherwise of `[N, H, W]` without channels, otherwise of a square one, gray before colour.
 *
 * @throws InputError if the input does not look like images.
 */
export function imageShapeOf(
  graph: Graph<Dim>,
  name: string,
  place: string,
  { layout = "NCHW", size, channels }: Preprocessing & KnownImageShape,
): readonly [channels: number, height: number, width: number] {
  const { dtype, shape } = graph.values.get(name)!;
  const fail = (problem: string, remedy: string): InputError =>
    new InputError({ place: `${place}: input "${name}"`, problem, remedy });
  if (dtype !== "float32")
    throw fail(`is ${dtype}, expected float32`, "Export the model with a float32 input.");
  const axes = layout === "NCHW" ? "[N, C, H, W]" : "[N, H, W, C]";
  const rest = shape.slice(1);
  const shown = `[${shape.join(", ")}]`;
  if (shape.length === 4) {
    const channelAxis = layout === "NCHW" ? 1 : 3;
    const other = shape[4 - channelAxis];
    if (!isColour(shape[channelAxis]) && isColour(other)) {
      const swapped = layout === "NCHW" ? "NHWC" : "NCHW";
      throw fail(
        `is ${shown}, which does not look like ${axes}`,
        `If ${other} is the number of channels, set layout to ${swapped}.`,
      );
    }
  }
  if (rest.some((dim) => typeof dim !== "number")) {
    if (shape.length === 4) throw openSize(`${place}: input "${name}"`, shape);
    throw fail(`is ${shown}, expected ${axes}`, "Export a model whose input is a batch of images.");
  }
  const [first, second, third] = rest as number[];
  if (shape.length === 4) return layout === "NCHW" ? [first!, second!, third!] : [third!, first!, second!];
  const flat = flatShape(rest as number[], { ...(size && { size }), ...(channels && { channels }) });
  if (flat !== undefined) return flat;
  throw fail(
    `is ${shown}, expected ${axes}`,
    "Export a model whose input is a batch of images. For flattened images, set height and width with --size (size).",
  );
}

function flatShape(
  rest: readonly number[],
  { size, channels }: KnownImageShape,
): readonly [number, number, number] | undefined {
  const elements = rest.reduce((product, dim) => product * dim, 1);
  if (rest.length === 0 || rest.length > 3 || elements < 4) return undefined;
  if (size !== undefined) {
    const given = elements / (size[0] * size[1]);
    return isColour(given) && (channels ?? given) === given ? [given, ...size] : undefined;
  }
  const [height, width] = rest;
  if (rest.length === 2 && height! > 1 && width! > 1) return [1, height!, width!];
  for (const count of channels === undefined ? [1, 3] : [channels]) {
    const side = Math.sqrt(elements / count);
    if (Number.isInteger(side)) return [count, side, side];
  }
  return undefined;
}
