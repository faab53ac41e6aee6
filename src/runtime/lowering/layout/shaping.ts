import { attributesOf, normaliseAxis, sliceBounds, type Node } from "../../../graph/index.js";
import { intsOf, isMaps, type Emitter } from "./emitter.js";

/** Concat of maps along the batch, or along channels in whole blocks. */
export function writeConcat(e: Emitter, node: Node<"Concat">): boolean {
  const y = node.outputs[0]!;
  if (!isMaps(e.graph, y) || !node.inputs.some((name) => e.isBlocked(name))) return false;
  const axis = normaliseAxis(attributesOf(node).axis, 4);
  const isAligned = node.inputs.slice(0, -1).every((name) => e.shape(name)[1]! % e.block === 0);
  if (axis > 1 || (axis === 1 && !isAligned)) return false;
  e.give(
    y,
    e.op(
      "Concat",
      node.inputs.map((name) => e.blocked(name)),
      { axis },
    ),
  );
  return true;
}

/** Slice of maps, of whole blocks of channels: taken from `[N, C/b, H, W, b]`. */
export function writeSlice(e: Emitter, node: Node<"Slice">): boolean {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  if (!e.isBlocked(x) || !isMaps(e.graph, y)) return false;
  const shape = e.shape(x);
  const given = node.inputs.slice(1).map((name) => (name === "" ? undefined : intsOf(e, name)));
  const [starts, ends, axes, steps] = given;
  if (!starts || !ends || given.some((ints) => ints?.length === 0)) return false;
  const along = (axes ?? starts.map((_, i) => i)).map((axis) => normaliseAxis(axis, 4));
  const step = steps ?? starts.map(() => 1);
  const bounds = along.map((axis, i) => sliceBounds(shape[axis]!, starts[i]!, ends[i]!, step[i]!));
  const isWhole = along.every((axis, i) => {
    const [start, end] = bounds[i]!;
    const isAligned = start % e.block === 0 && (end % e.block === 0 || end === shape[1]!);
    return step[i]! > 0 && (axis !== 1 || (isAligned && step[i] === 1));
  });
  if (!isWhole) return false;
  const [batch, channels, height, width] = e.blockedShape(x);
  const blocks = bounds.map(([start, end], i) =>
    along[i] === 1 ? [start / e.block, Math.ceil(end / e.block)] : [start, end],
  );
  const cut = e.op("Slice", [
    e.reshape(e.blocked(x), [batch, channels / e.block, height, width, e.block]),
    e.ints(blocks.map(([start]) => start!)),
    e.ints(blocks.map(([, end]) => end!)),
    e.ints(along),
    e.ints(step),
  ]);
  e.give(y, e.reshape(cut, e.blockedShape(y)));
  return true;
}
