import type { Box, Part } from "./parts.js";

export interface PlacedBox {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** A line between two boxes; null is the part's own top or end. */
export type Edge = readonly [from: PlacedBox | null, to: PlacedBox | null];

/** Boxes about x = 0 from y = 0 down, and the lines between them. */
export interface Layout {
  readonly boxes: readonly PlacedBox[];
  readonly width: number;
  readonly height: number;
  readonly edges: readonly Edge[];
}

export const BOX_WIDTH = 216;
export const LINE = 13;
const ACROSS = 14;
const DOWN = 16;

/** Layers by the longest way from the top; within a layer each box near the mean of those that it reads. */
export function layOut({ boxes }: Part): Layout {
  const layer: number[] = [];
  boxes.forEach(
    (box, i) => (layer[i] = box.after.reduce((most, each) => Math.max(most, layer[each]! + 1), 0)),
  );
  const placed: PlacedBox[] = [];
  const depth = Math.max(...layer) + 1;
  let [y, width] = [0, 0];
  for (let at = 0; at < depth; at++) {
    const mine = boxes.map((_, i) => i).filter((i) => layer[i] === at);
    const wish = (i: number): number => {
      const read = boxes[i]!.after.map((each) => placed[each]!.x);
      return read.length === 0 ? 0 : read.reduce((sum, x) => sum + x, 0) / read.length;
    };
    mine.sort((a, b) => wish(a) - wish(b) || a - b);
    const whole = mine.length * (BOX_WIDTH + ACROSS) - ACROSS;
    const tallest = Math.max(...mine.map((i) => heightOf(boxes[i]!)));
    mine.forEach((i, place) => {
      const x = -whole / 2 + place * (BOX_WIDTH + ACROSS) + BOX_WIDTH / 2;
      placed[i] = { box: boxes[i]!, x, y, height: heightOf(boxes[i]!) };
    });
    width = Math.max(width, whole);
    y += tallest + DOWN;
  }
  return { boxes: placed, width, height: y - DOWN, edges: edgesOf(boxes, placed) };
}

function heightOf({ lines }: Box): number {
  return LINE * Math.max(1, lines.length) + 7;
}

function edgesOf(boxes: readonly Box[], placed: readonly PlacedBox[]): Edge[] {
  const read = new Set(boxes.flatMap(({ after }) => after));
  return boxes.flatMap(({ after, fromTop }, i) => {
    const edges = after.map((each): Edge => [placed[each]!, placed[i]!]);
    if (fromTop) edges.push([null, placed[i]!]);
    if (!read.has(i)) edges.push([placed[i]!, null]);
    return edges;
  });
}
