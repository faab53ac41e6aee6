/** One affine map of an image, sampled bilinearly. */

export interface Shape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Maps an output pixel's centre to a position in the input, in pixels. */
export interface Affine {
  xx: number;
  xy: number;
  x0: number;
  yx: number;
  yy: number;
  y0: number;
}

/** out(x, y) = in(map(x, y)) / 255, bilinearly between pixel centres, zero outside the image. */
export function sampleAffine(pixels: Uint8Array, out: Float32Array, shape: Shape, map: Affine): void {
  const { xx, xy, x0, yx, yy, y0 } = map;
  const whole = Math.abs(xx) === 1 && yy === 1 && xy === 0 && yx === 0;
  if (whole && Number.isInteger(x0) && Number.isInteger(y0)) sampleShift(pixels, out, shape, map);
  else sampleBilinear(pixels, out, shape, map);
}

/** The exact case: a shift by whole pixels, mirrored when xx is −1. */
function sampleShift(pixels: Uint8Array, out: Float32Array, shape: Shape, map: Affine): void {
  const { channels, height, width } = shape;
  const first = map.xx === 1 ? map.x0 : map.x0 - 1;
  for (let row = 0; row < channels * height; row++) {
    const y = (row % height) + map.y0;
    const from = (row - (row % height) + y) * width;
    const inside = y >= 0 && y < height;
    for (let x = 0, source = first; x < width; x++, source += map.xx) {
      out[row * width + x] = inside && source >= 0 && source < width ? pixels[from + source]! / 255 : 0;
    }
  }
}

function sampleBilinear(pixels: Uint8Array, out: Float32Array, shape: Shape, map: Affine): void {
  const { channels, height, width } = shape;
  const plane = height * width;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const sourceX = map.xx * (x + 0.5) + map.xy * (y + 0.5) + map.x0;
      const sourceY = map.yx * (x + 0.5) + map.yy * (y + 0.5) + map.y0;
      if (sourceX < 0 || sourceX >= width || sourceY < 0 || sourceY >= height) {
        for (let c = 0; c < channels; c++) out[c * plane + at] = 0;
        continue;
      }
      // Between the outermost pixel centre and the edge, the pixel is repeated.
      const px = Math.min(Math.max(sourceX - 0.5, 0), width - 1);
      const py = Math.min(Math.max(sourceY - 0.5, 0), height - 1);
      const left = Math.floor(px);
      const top = Math.floor(py);
      const fx = px - left;
      const fy = py - top;
      const corner = top * width + left;
      const right = left + 1 < width ? 1 : 0;
      const down = top + 1 < height ? width : 0;
      for (let c = 0, p = corner; c < channels; c++, p += plane) {
        const upper = pixels[p]! + fx * (pixels[p + right]! - pixels[p]!);
        const lower = pixels[p + down]! + fx * (pixels[p + down + right]! - pixels[p + down]!);
        out[c * plane + at] = (upper + fy * (lower - upper)) / 255;
      }
    }
  }
}
