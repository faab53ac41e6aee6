import { BEHAVIOUR, BEHAVIOUR_SOURCE } from "./behaviour.js";
import { html, raw, type Html } from "./html.js";
import { STYLES } from "./styles.js";

/** Nothing may be fetched: the page is text, its own style and its own pictures. Nothing runs but what its hash allows. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

export interface Page {
  readonly title: string;
  /** Name and version of the program. */
  readonly generator: string;
  /** What stands in `<main>`. */
  readonly content: Html;
  /** A block of JSON for other programs. */
  readonly data: Html;
  /** Rules beside the common ones. */
  readonly styles?: string;
  /** Whether there are filters for the page's script to work. */
  readonly hasFilters?: boolean;
}

/** One HTML file that needs nothing else. */
export function pageOf({ title, generator, content, data, styles = "", hasFilters = false }: Page): string {
  const policy = hasFilters ? `${POLICY}; script-src ${BEHAVIOUR_SOURCE}` : POLICY;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${raw(policy)}" />
        <meta name="generator" content="${generator}" />
        <title>${title}</title>
        <style>
          ${raw(STYLES + styles)}
        </style>
      </head>
      <body>
        <main>${content}</main>
        ${data} ${hasFilters ? raw(`<script>${BEHAVIOUR}</script>`) : null}
      </body>
    </html> `;
  return page.html;
}
