/**
 * Decoded images, shared by all threads: image i has a slot if i < capacity. Two threads may
 * fill the same slot at once; they write the same bytes.
 */
export interface PixelCache {
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  /** 1 once the slot is filled. */
  readonly ready: Uint8Array<SharedArrayBuffer>;
}

/** Default limit for decoded images in memory: 1 GiB. */
export const DEFAULT_CACHE_BYTES: number = 2 ** 30;

/** Room for as many of `count` images as fit into `byteLimit`. Memory pages are used only once they are written. */
export function createCache(count: number, imageBytes: number, byteLimit: number): PixelCache {
  const capacity = Math.max(0, Math.min(count, Math.floor(byteLimit / imageBytes)));
  return {
    pixels: new Uint8Array(new SharedArrayBuffer(capacity * imageBytes)),
    ready: new Uint8Array(new SharedArrayBuffer(capacity)),
  };
}
