/** Gives names that are free: `stem`, or with the first number that nothing in `taken` has. */
export function freeNames(taken: { has(name: string): boolean }): (stem: string) => string {
  const given = new Set<string>();
  return (stem) => {
    let name = stem;
    for (let i = 1; taken.has(name) || given.has(name); i++) name = `${stem}_${i}`;
    given.add(name);
    return name;
  };
}
