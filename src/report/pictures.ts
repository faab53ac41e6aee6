import sharp from "sharp";
import { decodeRaster, type Raster } from "../evaluation/index.js";

/** Pixels a side at least: small images are enlarged without smoothing, so that pixels stay visible. */
const LEAST_SIDE = 112;

/** A stored image as a PNG data URI. */
export function pictureOf(raster: Raster): Promise<string> {
  const scale = 255 / (raster.maximum - raster.minimum || 1);
  const bytes = Uint8Array.from(decodeRaster(raster), (value) =>
    Math.round((value - raster.minimum) * scale),
  );
  return png(bytes, raster);
}

/** x' − x with gray for no change, magnified so that its largest value shows fully. */
export function perturbationOf(raster: Raster): Promise<string> {
  return pictureOf(raster);
}

/** A non-negative map in colours from dark violet to yellow. */
export function heatmapOf(raster: Raster): Promise<string> {
  const values = decodeRaster(raster);
  const colours = new Uint8Array(values.length * 3);
  values.forEach((value, i) => colours.set(heat(raster.maximum === 0 ? 0 : value / raster.maximum), i * 3));
  return png(colours, { ...raster, channels: 3 });
}

/** Anchor colours of the perceptually uniform map "inferno" (Smith & van der Walt 2015). */
const INFERNO = [
  [0, 0, 4],
  [40, 11, 84],
  [101, 21, 110],
  [159, 42, 99],
  [212, 72, 66],
  [245, 125, 21],
  [250, 193, 39],
  [252, 255, 164],
] as const;

/** The colour of a share of the largest value, three numbers to 255. */
export function heat(share: number): number[] {
  const place = Math.min(1, Math.max(0, share)) * (INFERNO.length - 1);
  const low = Math.min(INFERNO.length - 2, Math.floor(place));
  const [from, to] = [INFERNO[low]!, INFERNO[low + 1]!];
  return from.map((channel, i) => Math.round(channel + (to[i]! - channel) * (place - low)));
}

async function png(
  bytes: Uint8Array,
  { height, width, channels }: Pick<Raster, "height" | "width" | "channels">,
): Promise<string> {
  const factor = Math.max(1, Math.ceil(LEAST_SIDE / Math.max(height, width)));
  const image = sharp(bytes, { raw: { width, height, channels: channels as 1 | 3 } })
    .resize(width * factor, height * factor, { kernel: "nearest" })
    .png({ compressionLevel: 9, palette: channels === 1 });
  return `data:image/png;base64,${(await image.toBuffer()).toString("base64")}`;
}
