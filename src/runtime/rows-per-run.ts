/** Products of fewer rows are computed in another order, so their last bits differ. */
export const LEAST_ROWS = 4;

/**
 * Pixels of a run, at least. More take memory for their maps, and save no time: at 224 × 224, an image takes as long in runs
 * of 4 as in runs of 8. At 64 × 64, runs of 16 are a sixth slower than runs of 48 (`bench/run-size.mjs`).
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
