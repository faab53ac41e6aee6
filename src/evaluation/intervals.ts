import type { Interval } from "./result/index.js";

/** Standard normal quantile of a two-sided 95 % interval. */
const z95 = 1.959963984540054;

/**
 * Wilson score interval (Wilson 1927; Brown, Cai and DasGupta 2001, eq. 4) of a proportion:
 *
 *   (p + z²/2n ± z √( p(1 − p)/n + z²/4n² )) / (1 + z²/n),   p = correct / n
 *
 * @param z Normal quantile; the result states its confidence 2Φ(z) − 1 (.95 by default).
 * @throws RangeError unless 0 ≤ correct ≤ n are integers and n > 0.
 */
export function wilsonInterval(correct: number, n: number, z: number = z95): Interval {
  if (!Number.isInteger(n) || n <= 0 || !Number.isInteger(correct) || correct < 0 || correct > n) {
    throw new RangeError(`an interval needs integers 0 <= correct <= n, n > 0; found ${correct} of ${n}`);
  }
  const p = correct / n;
  const z2 = z * z;
  const centre = p + z2 / (2 * n);
  const margin = z * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  const scale = 1 + z2 / n;
  // At 0 and n the bound is exact; the formula only reaches it up to rounding.
  const low = correct === 0 ? 0 : Math.max(0, (centre - margin) / scale);
  const high = correct === n ? 1 : Math.min(1, (centre + margin) / scale);
  return { low, high, confidence: confidenceOf(z) };
}

/**
 * 95 % interval of the mean of shares in [0, 1], one per image, by the method of Agresti and Coull (1998, The American
 * Statistician 52:119): adds z²/2 images that are all right and z²/2 that are all wrong to the n seen, so that
 * equal shares, or a single one, do not look certain.
 *
 *   m = (Σ sᵢ + z²/2) / (n + z²),   v = (Σ (sᵢ − m)² + z²/2 · (m² + (1 − m)²)) / (n + z²),   m ± z √( v / (n + z²) )
 *
 * clipped to [0, 1]. If every share is 0 or 1, this is Agresti and Coull's interval of a proportion.
 */
export function meanInterval(shares: readonly number[]): Interval {
  const added = (z95 * z95) / 2;
  const n = shares.length + 2 * added;
  const mean = (shares.reduce((sum, share) => sum + share, 0) + added) / n;
  const squares = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0);
  const variance = (squares + added * (mean ** 2 + (1 - mean) ** 2)) / n;
  const margin = z95 * Math.sqrt(variance / n);
  return { low: Math.max(0, mean - margin), high: Math.min(1, mean + margin), confidence: 0.95 };
}

/** A count to compare with another. */
export interface Proportion {
  readonly correct: number;
  readonly n: number;
}

/**
 * Interval of the difference a − b of two proportions by Newcombe's hybrid score method
 * (Newcombe 1998, Statistics in Medicine 17:873–890, method 10):
 *
 *   d − √((pa − la)² + (ub − pb)²) … d + √((ua − pa)² + (pb − lb)²)
 *
 * with the Wilson limits l, u of each. It treats the samples as independent, so for two models scored
 * on the same images it is usually wider than necessary.
 */
export function differenceInterval(
  a: Proportion,
  b: Proportion,
  z: number = z95,
): Interval & { difference: number } {
  const [wa, wb] = [wilsonInterval(a.correct, a.n, z), wilsonInterval(b.correct, b.n, z)];
  const [pa, pb] = [a.correct / a.n, b.correct / b.n];
  const difference = pa - pb;
  return {
    difference,
    low: difference - Math.hypot(pa - wa.low, wb.high - pb),
    high: difference + Math.hypot(wa.high - pa, pb - wb.low),
    confidence: wa.confidence,
  };
}

/** 2Φ(z) − 1 = erf(z/√2), by the series of the confluent function; rounded to 6 decimals. */
function confidenceOf(z: number): number {
  const x = z / Math.SQRT2;
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && k < 500; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return Math.min(1, Math.round((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum * 1e6) / 1e6);
}

/** Wilson's interval of a share that lies somewhere between (correct − unfinished) / n and correct / n. */
export function boundedInterval(correct: number, n: number, unfinished = 0): Interval {
  const most = wilsonInterval(correct, n);
  return unfinished === 0 ? most : { ...most, low: wilsonInterval(correct - unfinished, n).low };
}
