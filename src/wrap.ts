/** What stands before the first line and before the later ones; nothing by default. */
export interface Indents {
  readonly first: string;
  readonly later: string;
}

/**
 * Breaks text at its spaces into lines of at most `width` characters, indents included. A longer word gets a line of
 * its own, which is then wider.
 */
export function wrapText(text: string, width: number, indents: Indents = { first: "", later: "" }): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? indents.first + word : `${line} ${word}`;
    if (longer.length > width && line !== "") {
      lines.push(line);
      line = indents.later + word;
    } else line = longer;
  }
  return [...lines, line];
}
