/** Products of fewer rows are computed in another order, so their last bits differ. */
export const LEAST_ROWS = 4;

/**
 * Pixels of a run, at least. In larger runs the maps of a network outgrow the processor's caches, and its memory grows:
 * at 224 × 224, runs of 4 are as fast an image as runs of 8 or up to a tenth faster, and take half the memory for maps; at
 * 64 × 64, runs of 16 are a tenth slower than runs of 48 (`bench/run-size.mjs`).
 */
const PIXELS = LEAST_ROWS * 224 * 224;

/**
 * Images per run of a batch that is computed in runs of equal size:
 *
 *   ⌈N / max(1, ⌊N / m⌋)⌉, m = max(4, ⌊4 · 224² / (H · W)⌋)
 *
 * which is from m up to, but not including, 2 m, or N if it is smaller. Outcomes do not depend on it.
 */
export function rowsPerRun(
  { height, width }: { readonly height: number; readonly width: number },
  batchSize: number,
): number {
  const least = Math.max(LEAST_ROWS, Math.floor(PIXELS / (height * width)));
  return Math.ceil(batchSize / Math.max(1, Math.floor(batchSize / least)));
}
