import { escapeHtml } from "../escape.js";

/** Text that already is HTML. Everything else is escaped when it enters a template. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | null | undefined | readonly Part[];

/** Trusts a string as HTML. Only for text made in this room. */
export function raw(html: string): Html {
  return { html };
}

/** A template whose values are escaped unless they are {@link Html}. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let out = strings[0]!;
  parts.forEach((part, i) => (out += render(part) + strings[i + 1]!));
  return { html: out };
}

function render(part: Part): string {
  if (part === null || part === undefined) return "";
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escapeHtml(part);
  if ("html" in part) return part.html;
  return part.map(render).join("");
}

/**
 * JSON that is safe inside `<script type="application/json">`: no `<` that could end the element, and
 * no line separators, which older JavaScript does not allow in strings.
 */
export function embeddedJson(value: unknown): Html {
  const json = JSON.stringify(value)
    .replace(/</g, "\\u003c")
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");
  return raw(json);
}
