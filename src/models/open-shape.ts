import { InputError } from "../errors/index.js";
import { dimensionName, type Dim } from "../graph/index.js";
import type { Model, ValueInfo } from "../onnx/index.js";
import type { LoadOptions } from "./load.js";

/** The shape of images, as far as it is known. */
export interface KnownImageShape {
  readonly size?: readonly [height: number, width: number];
  readonly channels?: number;
}

/** Numbers for the open dimensions of the inputs, by name, with `batch` for the first axis. */
export function dimsOf(
  inputs: readonly ValueInfo[],
  batch: Dim,
  { size, channels, layout = "NCHW" }: LoadOptions,
): Readonly<Record<string, Dim>> {
  const [height, width] = size ?? [];
  const axes = layout === "NCHW" ? [batch, channels, height, width] : [batch, height, width, channels];
  const dims = new Map<string, Dim>();
  for (const { name, shape } of inputs) {
    (shape ?? []).forEach((dim, axis) => {
      const given = axes[axis];
      if (typeof dim === "string" && given !== undefined) dims.set(dimensionName(name, axis, dim), given);
    });
  }
  return Object.fromEntries(dims);
}

/** The options, completed with the shape of the images if both they and the model leave it open. */
export async function withImageShape(
  { graph: { inputs } }: Model,
  place: string,
  options: LoadOptions,
): Promise<LoadOptions> {
  const { imageShape, onNotice } = options;
  if (imageShape === undefined || openInput(inputs, dimsOf(inputs, "N", options)) === undefined)
    return options;
  const shape = { ...(await imageShape()), ...options };
  const { channels, size } = shape;
  if (channels !== undefined && size !== undefined) {
    const [height, width] = size;
    onNotice?.(`${place}: its image shape is open; images of ${height} × ${width} × ${channels} are used`);
  }
  return shape;
}

/** @throws InputError naming an image input with an open size or open channels. */
export function checkSize(
  inputs: readonly ValueInfo[],
  dims: Readonly<Record<string, Dim>>,
  place: string,
): void {
  const open = openInput(inputs, dims);
  if (open !== undefined) throw openSize(`${place}: input "${open.name}"`, open.shape!);
}

/** The first input with the rank of images that has an open dimension after the batch. */
function openInput(inputs: readonly ValueInfo[], dims: Readonly<Record<string, Dim>>): ValueInfo | undefined {
  return inputs.find(({ name, shape }) => {
    const isOpen = (dim: number | string, axis: number): boolean =>
      typeof dim === "string" && axis > 0 && typeof dims[dimensionName(name, axis, dim)] !== "number";
    return shape?.length === 4 && shape.some(isOpen);
  });
}

export function openSize(place: string, shape: readonly Dim[]): InputError {
  return new InputError({
    place,
    problem: `is [${shape.map((dim) => dim || "?").join(", ")}]: its size is open`,
    remedy: "Set height and width with --size and the channels with --channels (size, channels).",
  });
}
