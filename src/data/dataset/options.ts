import { UsageError } from "../../errors/index.js";
import type { Fit } from "../pixels/index.js";
import type { Dataset } from "./dataset.js";

/** How a dataset is opened. */
export interface OpenOptions {
  /** The split to use if the name has none; `train` by default. */
  readonly split?: string | undefined;
  /**
   * A source without its own splits is used whole if no split is named (`photos`, not `photos:test`);
   * otherwise it is split 80 to 20.
   */
  readonly whole?: boolean | undefined;
  /** Size of the images; the source's own by default, and 224 × 224 for files of many sizes. */
  readonly size?: { readonly height: number; readonly width: number } | undefined;
  /** 1 (gray) or 3 (colour); the source's own by default, 3 for image files. */
  readonly channels?: number | undefined;
  /** How files of another shape are made to fit; "crop" by default. */
  readonly fit?: Fit["mode"] | undefined;
  /** "bilinear" by default. */
  readonly interpolation?: Fit["interpolation"] | undefined;
  /** Share of the scaled side that "crop" keeps; 1 by default. */
  readonly cropFraction?: number | undefined;
  /** Seed of a split that the source does not have, and of drawn images; 0 by default. */
  readonly seed?: number | undefined;
  /** Decode every file now, leave out those that cannot be, and list them in `skipped`. */
  readonly skipUnreadable?: boolean | undefined;
  /** List files that are missing where a complete dataset would be asked for, as a check does. */
  readonly keepMissing?: boolean | undefined;
  /** Hears of a dataset that has left out files for `skipUnreadable`. */
  readonly onSkipped?: ((dataset: Pick<Dataset, "name" | "skipped">) => void) | undefined;
  /** Hears how a source without splits of its own is used: its path, and a sentence. */
  readonly onUndivided?: ((place: string, note: string) => void) | undefined;
  /** Bytes of decoded images to keep in memory; 1 GiB by default. */
  readonly cacheBytes?: number | undefined;
  /** Which of the three splits of 17 Flowers: 1, 2 or 3; 1 by default. */
  readonly flowersSplit?: number | undefined;
  /** Only these classes, by name: four of ImageNet's thousand; all by default. */
  readonly classes?: readonly string[] | undefined;
  /** Drawn images a class, where the source draws them. */
  readonly perClass?: number | undefined;
}

const LARGEST_SIDE = 4096;

/**
 * The fit that `options` ask for, over the source's own shape.
 *
 * @throws UsageError for a size, number of channels or fraction that cannot be.
 */
export function fitOf(
  options: OpenOptions,
  own: { readonly height: number; readonly width: number; readonly channels: number },
): Fit {
  const { height, width } = options.size ?? own;
  const channels = options.channels ?? own.channels;
  const cropFraction = options.cropFraction ?? 1;
  for (const side of [height, width]) {
    if (!Number.isInteger(side) || side < 1 || side > LARGEST_SIDE) {
      refuse("size", `must be whole numbers from 1 to ${LARGEST_SIDE}, found ${height} × ${width}`);
    }
  }
  if (channels !== 1 && channels !== 3)
    refuse("channels", `must be 1 (gray) or 3 (colour), found ${channels}`);
  if (!(cropFraction > 0 && cropFraction <= 1)) {
    refuse("cropFraction", `must be above 0 and at most 1, found ${cropFraction}`);
  }
  return {
    height,
    width,
    channels,
    mode: options.fit ?? "crop",
    interpolation: options.interpolation ?? "bilinear",
    cropFraction,
  };
}

function refuse(place: string, problem: string): never {
  throw new UsageError({ place, problem });
}
