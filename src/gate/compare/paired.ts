/** Statistics of two models scored on the same images. */
import { wilsonInterval, type Interval } from "../../evaluation/results.js";

/** Counts of images by which of two models is right on them. */
export interface PairedCounts {
  readonly both: number;
  readonly firstOnly: number;
  readonly secondOnly: number;
  readonly neither: number;
}

/** Counts the images of two columns. */
export function countPairs(first: readonly boolean[], second: readonly boolean[]): PairedCounts {
  const count = (a: boolean, b: boolean): number =>
    first.reduce((sum, right, i) => sum + Number(right === a && second[i] === b), 0);
  return {
    both: count(true, true),
    firstOnly: count(true, false),
    secondOnly: count(false, true),
    neither: count(false, false),
  };
}

/**
 * Two-sided p-value of McNemar's exact test (McNemar 1947; the binomial form): under the hypothesis that both models are
 * equally accurate, each image on which only one is right is the first's or the second's with probability ½:
 *
 *   p = min(1, 2 · P(X ≤ min(b, c))),   X ~ Binomial(b + c, ½)
 *
 * with b = `firstOnly` and c = `secondOnly`. The result is 1 if no image changed sides.
 */
export function mcnemarExact({ firstOnly, secondOnly }: PairedCounts): number {
  const n = firstOnly + secondOnly;
  const least = Math.min(firstOnly, secondOnly);
  // Terms of the tail relative to the largest, C(n, least): no power of ½ is too small for a double.
  let term = 1;
  let tail = 1;
  for (let k = least; k > 0; k--) {
    term *= k / (n - k + 1);
    tail += term;
  }
  const largest = logChoose(n, least) - n * Math.LN2;
  return Math.min(1, 2 * tail * Math.exp(largest));
}

/** ln C(n, k), summed from its factors. */
function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log1p((n - k) / i);
  return sum;
}

/**
 * 95 % interval of the difference second − first of two accuracies on the same images (Newcombe 1998, Statistics in Medicine
 * 17:2635–2650, method 10: Wilson's limits of each, squared and added with the correlation φ of the two):
 *
 *   d − √(δ₁² − 2 φ δ₁ ε₂ + ε₂²) … d + √(ε₁² − 2 φ ε₁ δ₂ + δ₂²)
 *
 * δ = p − l and ε = u − p; index 1 is the second model, 2 the first. φ = (ad − bc) / √(products of the margins), where a positive
 * numerator is reduced by n/2, but not below 0; φ is 0 if a margin is empty.
 */
export function pairedDifference(counts: PairedCounts): Interval & { readonly difference: number } {
  const { both: a, firstOnly, secondOnly, neither } = counts;
  const n = a + firstOnly + secondOnly + neither;
  const [p1, p2] = [(a + secondOnly) / n, (a + firstOnly) / n];
  const [w1, w2] = [wilsonInterval(a + secondOnly, n), wilsonInterval(a + firstOnly, n)];
  const phi = correlation(counts);
  const joined = (x: number, y: number): number => Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y));
  const difference = (secondOnly - firstOnly) / n;
  return {
    difference,
    low: difference - joined(p1 - w1.low, w2.high - p2),
    high: difference + joined(w1.high - p1, p2 - w2.low),
    confidence: w1.confidence,
  };
}

function correlation({ both, firstOnly, secondOnly, neither }: PairedCounts): number {
  const margins = (both + firstOnly) * (secondOnly + neither) * (both + secondOnly) * (firstOnly + neither);
  if (margins === 0) return 0;
  const n = both + firstOnly + secondOnly + neither;
  const numerator = both * neither - firstOnly * secondOnly;
  return (numerator > 0 ? Math.max(numerator - n / 2, 0) : numerator) / Math.sqrt(margins);
}
