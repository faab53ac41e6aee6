import sharp from "sharp";
import { decodeRaster, type Raster } from "../evaluation/results.js";

/** Smallest side in pixels: smaller images are enlarged without smoothing, so that pixels stay visible. */
const LEAST_SIDE = 112;

/** From this side up, a picture is treated as a photograph, which WebP stores in a tenth of a PNG's bytes. */
const PHOTOGRAPH = 112;
/** WebP quality, up to 100. A magnified change is nearly noise, so its details do not matter. */
const QUALITY = { photograph: 80, change: 8, map: 60 } as const;

export interface PictureOptions {
  /** Photographs are scaled down to this longer side. */
  readonly side?: number;
}

/** A stored image as a data URI: a PNG, or a WebP for a photograph. */
export function pictureOf(raster: Raster, options: PictureOptions = {}): Promise<string> {
  return dataUri(scaled(raster), raster, { ...options, quality: QUALITY.photograph, exact: true });
}

/** x' − x with gray for no change, scaled so that its largest value uses the full range. */
export function perturbationOf(raster: Raster, options: PictureOptions = {}): Promise<string> {
  return dataUri(scaled(raster), raster, { ...options, quality: QUALITY.change, exact: true });
}

function scaled(raster: Raster): Uint8Array {
  const scale = 255 / (raster.maximum - raster.minimum || 1);
  return Uint8Array.from(decodeRaster(raster), (value) => Math.round((value - raster.minimum) * scale));
}

/** A non-negative map in colours from dark violet to yellow. */
export function heatmapOf(raster: Raster): Promise<string> {
  const values = decodeRaster(raster);
  const colours = new Uint8Array(values.length * 3);
  values.forEach((value, i) => colours.set(heat(raster.maximum === 0 ? 0 : value / raster.maximum), i * 3));
  return dataUri(colours, { ...raster, channels: 3 }, { quality: QUALITY.map, exact: false });
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

/** The colour for a share of the largest value, as three numbers up to 255. */
export function heat(share: number): number[] {
  const place = Math.min(1, Math.max(0, share)) * (INFERNO.length - 1);
  const low = Math.min(INFERNO.length - 2, Math.floor(place));
  const [from, to] = [INFERNO[low]!, INFERNO[low + 1]!];
  return from.map((channel, i) => Math.round(channel + (to[i]! - channel) * (place - low)));
}

interface Encoding {
  /** Photographs are scaled down to this longer side. */
  readonly side?: number;
  /** WebP quality. */
  readonly quality: number;
  /** Whether visible pixels must stay exact: then a small picture is a PNG. */
  readonly exact: boolean;
}

async function dataUri(
  bytes: Uint8Array,
  { height, width, channels }: Pick<Raster, "height" | "width" | "channels">,
  { side = Infinity, quality, exact }: Encoding,
): Promise<string> {
  const image = sharp(bytes, { raw: { width, height, channels: channels as 1 | 3 } });
  const longer = Math.max(height, width);
  if (longer < PHOTOGRAPH) {
    const factor = Math.ceil(LEAST_SIDE / longer);
    image.resize(width * factor, height * factor, { kernel: "nearest" });
    if (exact) return encoded("png", await image.png({ compressionLevel: 9, palette: true }).toBuffer());
  } else if (side < longer) image.resize(side, side, { fit: "inside" });
  return encoded("webp", await image.webp({ quality, effort: 2 }).toBuffer());
}

const encoded = (format: string, bytes: Buffer): string =>
  `data:image/${format};base64,${bytes.toString("base64")}`;
