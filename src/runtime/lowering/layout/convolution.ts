import { indicesOf, isNode, type Graph, type Node, type Window } from "../../../graph/index.js";
import { layerOf, type Layer } from "../convolution/index.js";
import type { Context, Emitter } from "./emitter.js";
import { channelsInBlocks, filterInBlocks, filterOf, type Filter } from "./filters.js";
import { fuse, type Fused } from "./fusion.js";
import { interleaved, reach, type Axis } from "./phases.js";

/** How the channels of a convolution meet blocks. */
type Kind = "dense" | "depthwise" | "grouped" | "picture";

/** A convolution in blocks of maps that are in blocks or, for a picture, plain. */
export interface BlockedConvolution {
  readonly filter: string;
  readonly kernel: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  /** Before each axis, then after each. */
  readonly pads: readonly number[];
  readonly group?: number;
  readonly bias?: string | undefined;
  readonly fused?: Fused | undefined;
}

export function convolve(e: Emitter, image: string, conv: BlockedConvolution): string {
  const { filter, kernel, strides, dilations, pads, group = 1, bias = "", fused = {} } = conv;
  const inputs = [image, filter, bias, fused.sum ?? ""];
  while (inputs.at(-1) === "") inputs.pop();
  return e.blockedOp("Conv", inputs, {
    kernel_shape: kernel,
    pads,
    group,
    ...(strides && { strides }),
    ...(dilations && { dilations }),
    ...fused.activation,
  });
}

/** A convolution whose weight is steady, or any where the context takes them; undefined where the layout has none for it. */
interface Taken {
  readonly layer: Layer;
  readonly kind: Kind;
}

/** Whether a convolution or the gradient of its input is one that the layout takes, whatever the layout of its input. */
export function takesConvolution(graph: Graph, node: Node, context: Context): boolean {
  const found = takenOf(graph, node, context);
  if (found === undefined) return false;
  if (isNode(node, "Conv")) return true;
  // A picture's gradient has a form of its own, see `convolution/sub-pixel.ts`.
  const { kind, layer } = found;
  return kind !== "picture" && inputGradientAxes(layer) !== undefined;
}

function takenOf(graph: Graph, node: Node, context: Context): Taken | undefined {
  const { block, isSteady, takesAnyWeight, onlyDepthwise } = context;
  if (!isNode(node, "Conv", "ConvTranspose", "ConvInputGradient")) return undefined;
  const names = [node.inputs[0]!, node.outputs[0]!].map((name) => graph.values.get(name)!);
  if (!names.every(({ dtype, shape }) => dtype === "float32" && shape.length === 4)) return undefined;
  const bias = node.inputs[2] ?? "";
  const takesWeight = (name: string): boolean => takesAnyWeight === true || isSteady(name);
  if (!takesWeight(node.inputs[1]!) || (bias !== "" && (!isNode(node, "Conv") || !takesWeight(bias)))) {
    return undefined;
  }
  const layer = layerOf(graph, node);
  const kind = kindOf(layer, block);
  if (onlyDepthwise === true && (kind !== "depthwise" || isSteady(node.inputs[1]!))) return undefined;
  return kind && { layer, kind };
}

export function kindOf({ weight, group, w }: Layer, block: number): Kind | undefined {
  const [out, inChannels] = weight as [number, number];
  const reaches = w.kernel.map((size, i) => w.dilations[i]! * (size - 1) + 1);
  if ([...w.padsBegin, ...w.padsEnd].some((pad, i) => pad >= reaches[i % 2]!)) return undefined;
  if (group === 1) return inChannels < block ? "picture" : "dense";
  if (inChannels === 1) return out === group ? "depthwise" : undefined;
  return inChannels % block === 0 && (out / group) % block === 0 ? "grouped" : undefined;
}

/** Writes a convolution in blocks; false where the layout has none for it. */
export function writeConvolution(e: Emitter, node: Node): boolean {
  const found = takenOf(e.graph, node, e);
  if (found === undefined) return false;
  const { layer, kind } = found;
  const { w } = layer;
  const [x, name, bias = ""] = node.inputs as [string, string, string?];
  // A map of few channels that is in blocks is taken as it is.
  const isPicture = kind === "picture" && !e.isBlocked(x);
  const inBlocks = kind !== "depthwise" && !isPicture;
  const image = isPicture ? x : e.blocked(x);
  const fused = fuse(e, node);
  e.give(
    fused.gives,
    convolve(e, image, {
      filter: filterInBlocks(e, name, filterOf(layer.weight), inBlocks),
      kernel: w.kernel,
      strides: w.strides,
      dilations: w.dilations,
      pads: [...w.padsBegin, ...w.padsEnd],
      group: kind === "depthwise" ? e.padded(layer.group) : layer.group,
      bias: bias === "" ? "" : channelsInBlocks(e, bias, layer.maps[1]!),
      fused,
    }),
  );
  return true;
}

/** What each phase of the stride reads along one axis: the taps of u[q + t] for x_grad[s q + r]. */
function phaseAxis({ image, maps, w }: Layer, axis: number): readonly (Axis | undefined)[] | undefined {
  const [stride, kernel, pad] = [w.strides[axis]!, w.kernel[axis]!, w.padsBegin[axis]!];
  const [length, positions] = [image[axis + 2]!, maps[axis + 2]!];
  if (w.dilations[axis] !== 1 && stride !== 1) return undefined;
  const dilation = w.dilations[axis]!;
  const count = Math.ceil(length / stride);
  return Array.from({ length: stride }, (_, phase) => {
    // r + p = s t + k: with a stride of 1 the dilation spreads the taps, otherwise it is 1.
    const taps = Array.from({ length: kernel }, (_, tap) => ({
      tap,
      at: (phase + pad - tap * dilation) / stride,
    })).filter(({ at }) => Number.isInteger(at));
    return taps.length === 0 ? undefined : reach(taps, count, positions);
  });
}

/** Of each axis its phases; undefined where the layout has no form of them. */
function inputGradientAxes(layer: Layer): readonly (readonly (Axis | undefined)[])[] | undefined {
  const axes = [phaseAxis(layer, 0), phaseAxis(layer, 1)];
  if (!axes.every((axis) => axis !== undefined)) return undefined;
  const fits = axes.every((axis) => axis.every((phase) => phase === undefined || phase.after < phase.size));
  // Phases that nothing reaches are zeros: only around a single one.
  const isSparse = axes.some((axis) => axis.includes(undefined));
  const single = axes.every((axis) => axis.filter((phase) => phase !== undefined).length === 1);
  return fits && (!isSparse || single) ? axes : undefined;
}

/**
 * x_grad of y = W ⋆ x: at stride 1 one convolution with the weight turned round and its channels swapped, else one for each
 * phase of the strides, with exactly the taps that reach it, and the phases interleaved.
 */
export function writeInputGradient(e: Emitter, node: Node): boolean {
  const found = takenOf(e.graph, node, e);
  const axes = found && inputGradientAxes(found.layer);
  if (found === undefined || found.kind === "picture" || axes === undefined) return false;
  const { layer, kind } = found;
  const [cotangent, name] = node.inputs as [string, string];
  const isDepthwise = kind === "depthwise";
  const whole = filterOf(layer.weight);
  const swapped: Filter = isDepthwise ? whole : { ...whole, swapped: { group: layer.group } };
  const u = e.blocked(cotangent);
  const isWhole = axes.every((axis) => axis.length === 1);
  const fused: Fused = isWhole ? fuse(e, node) : {};
  const phases = indicesOf(layer.w.strides).map((phase) => {
    const [rows, columns] = phase.map((each, axis) => axes[axis]![each]) as [Axis?, Axis?];
    if (rows === undefined || columns === undefined) return undefined;
    const filter = phaseFilter(swapped, layer.w, rows, columns);
    return convolve(e, u, {
      filter: filterInBlocks(e, name, filter, !isDepthwise),
      kernel: filter.kernel,
      pads: [rows.before, columns.before, rows.after, columns.after],
      group: isDepthwise ? e.padded(layer.group) : layer.group,
      fused,
    });
  });
  const output = fused.gives ?? node.outputs[0]!;
  e.give(output, isWhole ? phases[0]! : interleaved(e, output, phases, layer.w.strides));
  return true;
}

function phaseFilter(filter: Filter, { kernel }: Window, rows: Axis, columns: Axis): Filter {
  const taps = rows.taps.flatMap((row) =>
    columns.taps.map((column) =>
      row === undefined || column === undefined ? undefined : row * kernel[1]! + column,
    ),
  );
  return { ...filter, taps, kernel: [rows.size, columns.size] };
}
