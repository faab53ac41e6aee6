/** Facts about one image file: its content, its size and its appearance. */
import { extname } from "node:path";
import sharp from "sharp";
import { sha256Of } from "../../files/index.js";
import { decodeBytes, formatOf, resize, type ByteImage, type ImageFormat } from "../pixels/index.js";

/** A readable image in numbers; plain data. */
export interface ImageFacts {
  readonly sha256: string;
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  readonly colour: "colour" | "gray" | "cmyk";
  /** More than 8 bits per channel, of which 8 are kept. */
  readonly deep: boolean;
  /** EXIF states an orientation, which is not applied. */
  readonly turned: boolean;
  /** Frames of an animation; the first is read. */
  readonly frames: number;
  /** Every pixel has nearly the same colour. */
  readonly uniform: boolean;
  readonly look: Look;
}

/** The coarse appearance of an image. */
export interface Look {
  /** RGB thumbnail `[16, 17, 3]`. */
  readonly thumbnail: Uint8Array;
  /**
   * Difference hash of 256 bits: bit (y, x) is set where the luma of the thumbnail grows from x to x + 1.
   * Pictures that were only rescaled or re-encoded differ in few bits.
   */
  readonly hash: Uint16Array;
}

const LOOK_WIDTH = 17;
const LOOK_HEIGHT = 16;
/** Gray levels between the smallest and the largest value of a channel. */
const UNIFORM_RANGE = 8;

/**
 * Decodes the whole file, as training will.
 *
 * @throws InputError with the reason if it cannot be decoded.
 */
export async function inspectImage(bytes: Uint8Array, place: string): Promise<ImageFacts> {
  const image = await decodeBytes(bytes, place);
  const header = await sharp(bytes, { limitInputPixels: false }).metadata();
  return {
    sha256: sha256Of(bytes),
    format: formatOf(bytes)!,
    width: image.width,
    height: image.height,
    colour: colourOf(header.space, image),
    deep: header.depth !== undefined && !["uchar", "char"].includes(header.depth),
    turned: (header.orientation ?? 1) !== 1,
    frames: header.pages ?? 1,
    uniform: isUniform(image),
    look: lookOf(image),
  };
}

/** Whether the file extension belongs to another format than the content. */
export function isMisnamed(file: string, format: ImageFormat): boolean {
  const ending = extname(file).slice(1).toLowerCase();
  return ending !== format && !(format === "jpeg" && ending === "jpg");
}

/** Gray by encoding, or colour with three identical channels. */
function colourOf(space: string | undefined, { data }: ByteImage): ImageFacts["colour"] {
  if (space === "cmyk") return "cmyk";
  for (let i = 0; i < data.length; i += 3) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return "colour";
  }
  return "gray";
}

function isUniform({ data }: ByteImage): boolean {
  const least = [255, 255, 255];
  const greatest = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    const channel = i % 3;
    if (value < least[channel]!) least[channel] = value;
    if (value > greatest[channel]!) greatest[channel] = value;
    if (greatest[channel]! - least[channel]! > UNIFORM_RANGE) return false;
  }
  return true;
}

function lookOf(image: ByteImage): Look {
  const { data } = resize(image, LOOK_WIDTH, LOOK_HEIGHT);
  const luma = (at: number): number =>
    299 * data[3 * at]! + 587 * data[3 * at + 1]! + 114 * data[3 * at + 2]!;
  const hash = new Uint16Array(LOOK_HEIGHT);
  for (let y = 0; y < LOOK_HEIGHT; y++) {
    for (let x = 0; x < LOOK_WIDTH - 1; x++) {
      const at = y * LOOK_WIDTH + x;
      if (luma(at + 1) > luma(at)) hash[y] = hash[y]! | (1 << x);
    }
  }
  return { thumbnail: data, hash };
}
