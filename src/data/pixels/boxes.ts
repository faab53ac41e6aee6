/** Bounding boxes in a picture, as drawn by its owners. */
import type { ByteImage } from "./resize.js";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Edges in pixels: the box contains x if left ≤ x < right. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Boxes of one picture. */
export interface Boxes {
  readonly boxes: readonly Box[];
  /** The picture size that the boxes refer to; by default that of the picture itself. */
  readonly on?: Size | undefined;
}

/**
 * 255 inside any box, 0 elsewhere, at the picture's own size. Boxes are scaled from the size that they refer to;
 * their edges are rounded to pixels and clipped to the picture. ImageNet has boxes with swapped edges; these are
 * swapped back.
 */
export function paintBoxes({ boxes, on }: Boxes, { width, height }: Size): ByteImage {
  const data = new Uint8Array(width * height);
  for (const box of boxes) {
    const { left, top, right, bottom } = placed(box, on, { width, height });
    for (let y = top; y < bottom; y++) data.fill(255, y * width + left, y * width + Math.max(left, right));
  }
  return { width, height, channels: 1, data };
}

/** Numbers, from 1, of the boxes that contain no pixel of the picture and therefore have no effect. */
export function boxesOutside({ boxes, on }: Boxes, size: Size): number[] {
  return boxes.flatMap((box, i) => {
    const { left, top, right, bottom } = placed(box, on, size);
    return right > left && bottom > top ? [] : [i + 1];
  });
}

/** A box in whole pixels, clipped to the picture. */
function placed({ left, top, right, bottom }: Box, on: Size | undefined, size: Size): Box {
  const edges = (a: number, b: number, side: number, drawn: number): [number, number] => {
    const at = (edge: number): number => Math.min(side, Math.max(0, Math.round((edge * side) / drawn)));
    return [at(Math.min(a, b)), at(Math.max(a, b))];
  };
  const [x0, x1] = edges(left, right, size.width, on?.width ?? size.width);
  const [y0, y1] = edges(top, bottom, size.height, on?.height ?? size.height);
  return { left: x0, top: y0, right: x1, bottom: y1 };
}
