/** Size of an image `[C, H, W]`. */
interface PlanesShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * An image `[C, H, W]` in [0, 1] as bytes `[H, W, C]`: 255 · x, rounded and clipped to 0 … 255.
 *
 * @param channels of the bytes: 3 turns a gray image into three equal channels.
 */
export function pixelBytes(
  planes: ArrayLike<number>,
  { channels: own, height, width }: PlanesShape,
  channels: number = own,
): Uint8Array {
  const area = height * width;
  return Uint8Array.from({ length: channels * area }, (_, i) => {
    const value = planes[(own === 1 ? 0 : i % channels) * area + Math.floor(i / channels)]!;
    return Math.round(255 * Math.min(1, Math.max(0, value)));
  });
}
