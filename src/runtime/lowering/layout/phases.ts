import type { Emitter } from "./emitter.js";

/** A convolution along one axis of which `taps` are read, undefined being zero. */
export interface Axis {
  readonly taps: readonly (number | undefined)[];
  readonly size: number;
  readonly before: number;
  readonly after: number;
}

/**
 * The convolution along an axis that gives Σ tap · in[s q + at] for q from 0 to `count`, of `length` places. Its pads stay
 * below its size, which zeros make up for.
 */
export function reach(
  wanted: readonly { readonly tap: number; readonly at: number }[],
  count: number,
  length: number,
  stride: number = 1,
): Axis {
  const ats = wanted.map(({ at }) => at);
  const span = stride * (count - 1) + 1;
  const before = Math.max(0, -Math.min(...ats), stride === 1 ? count - length : 0);
  let size = Math.max(before, before + Math.max(...ats)) + 1;
  let after = span + size - 1 - before - length;
  if (after <= -stride) size += Math.ceil((-after - stride + 1) / stride) * stride;
  after = Math.max(0, span + size - 1 - before - length);
  const taps = Array<number | undefined>(size).fill(undefined);
  for (const { tap, at } of wanted) taps[at + before] = tap;
  return { taps, size, before, after };
}

/** Blocks of phases, row by row, as the pixels `[N, C, H, W]` between which they lie: phase r of places s q + r. */
export function interleaved(
  e: Emitter,
  output: string,
  phases: readonly (string | undefined)[],
  strides: readonly number[],
): string {
  const [batch, channels, height, width] = e.blockedShape(output);
  const [rows, columns] = strides as [number, number];
  const [h, v] = [Math.ceil(height / rows), Math.ceil(width / columns)];
  const maps = (batch * channels) / e.block;
  const whole = withPhases(e, phases, { maps, h, v, rows, columns });
  const [full, wide] = [h * rows, v * columns];
  const cut =
    full === height && wide === width
      ? whole
      : e.op("Slice", [
          e.reshape(whole, [maps, full, wide, e.block]),
          e.ints([0, 0]),
          e.ints([height, width]),
          e.ints([1, 2]),
        ]);
  return e.reshape(cut, [batch, channels, height, width]);
}

interface Grid {
  readonly maps: number;
  readonly h: number;
  readonly v: number;
  readonly rows: number;
  readonly columns: number;
}

function withPhases(
  e: Emitter,
  phases: readonly (string | undefined)[],
  { maps, h, v, rows, columns }: Grid,
): string {
  const only = phases.filter((phase) => phase !== undefined);
  if (only.length === 1 && phases.length > 1) {
    const [row, column] = [Math.floor(phases.indexOf(only[0]) / columns), phases.indexOf(only[0]) % columns];
    const begin = [0, 0, row, 0, column * e.block];
    const end = [0, 0, rows - 1 - row, 0, (columns - 1 - column) * e.block];
    return e.op("Pad", [e.reshape(only[0]!, [maps, h, 1, v, e.block]), e.ints([...begin, ...end])]);
  }
  const lines = Array.from({ length: rows }, (_, row) => {
    const cells = phases.slice(row * columns, (row + 1) * columns);
    const each = cells.map((cell) => e.reshape(cell!, [maps, h, 1, v, 1, e.block]));
    return columns === 1 ? each[0]! : e.op("Concat", each, { axis: 4 });
  });
  return rows === 1 ? lines[0]! : e.op("Concat", lines, { axis: 2 });
}
