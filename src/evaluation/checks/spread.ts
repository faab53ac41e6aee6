/** Picks `count` of the items, evenly spread. */
export function spread<T>(items: readonly T[], count: number): T[] {
  const chosen = Math.min(count, items.length);
  return Array.from({ length: chosen }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / chosen)]!);
}
