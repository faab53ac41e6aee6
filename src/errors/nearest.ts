/**
 * The known name nearest to what was typed, by edit distance (Levenshtein); undefined when
 * none is near enough to be meant.
 */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
  const simple = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(typed.length / 2)) + 1;
  for (const name of known) {
    const distance = editDistance(simple(typed), simple(name));
    if (distance < least) [nearest, least] = [name, distance];
  }
  return nearest;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** Of longer lists only the first are named. */
const NAMED = 20;

/** `Did you mean "at-alp"? Choose from: …` */
export function suggestName(typed: string, known: readonly string[]): string {
  const nearest = nearestName(typed, known);
  const more = known.length > NAMED ? ` and ${known.length - NAMED} more` : "";
  const choice = `Choose from: ${known.slice(0, NAMED).join(", ")}${more}.`;
  return nearest === undefined ? choice : `Did you mean "${nearest}"? ${choice}`;
}
