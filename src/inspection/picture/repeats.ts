/** Items that follow each other `times` times. */
export interface Repeat<T> {
  readonly items: readonly T[];
  readonly times: number;
}

/** Most items in one repeat: a block of two or three parts is common, and longer ones do not help readers. */
const LONGEST = 6;

/** Collapses consecutive repeats, compared by `keyOf`; at each place it chooses what covers most. */
export function repeatsOf<T>(items: readonly T[], keyOf: (item: T) => string): readonly Repeat<T>[] {
  const keys = items.map(keyOf);
  const found: Repeat<T>[] = [];
  let at = 0;
  while (at < items.length) {
    let best = { period: 1, times: 1 };
    for (let period = 1; period <= LONGEST; period++) {
      const times = timesAt(keys, at, period);
      if (times > 1 && period * times > best.period * best.times) best = { period, times };
    }
    found.push({ items: items.slice(at, at + best.period), times: best.times });
    at += best.period * best.times;
  }
  return found;
}

function timesAt(keys: readonly string[], at: number, period: number): number {
  let end = at + period;
  while (end < keys.length && keys[end] === keys[end - period]) end++;
  return Math.floor((end - at) / period);
}
