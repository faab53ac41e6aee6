/** Escapes text for HTML: element content and quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/**
 * Escapes text for SVG. Names in files may contain anything: control characters, and those that XML does not allow,
 * become spaces.
 */
export function escapeSvg(text: string): string {
  return escapeHtml(text.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, " "));
}
