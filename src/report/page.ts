import { BEHAVIOUR, BEHAVIOUR_SOURCE, scriptSource } from "./behaviour.js";
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
  /** A script that asks its own server, and nobody else, for what is new: text that never changes. */
  readonly liveScript?: string;
}

/** One HTML file that needs nothing else. */
export function pageOf(page: Page): string {
  const { title, generator, content, data, styles = "", hasFilters = false, liveScript } = page;
  const text = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${raw(policyOf(page))}" />
        <meta name="generator" content="${generator}" />
        <title>${title}</title>
        ${liveScript === undefined ? null : NO_ICON}
        <style>
          ${raw(STYLES + styles)}
        </style>
      </head>
      <body>
        <main>${content}</main>
        ${data} ${hasFilters ? raw(`<script>${BEHAVIOUR}</script>`) : null}
        ${liveScript === undefined ? null : raw(`<script>${liveScript}</script>`)}
      </body>
    </html> `;
  return text.html;
}

/** Browsers ask the server of a page for an icon, unless it says that it has none. */
const NO_ICON = raw('<link rel="icon" href="data:," />');

/** The policy of a page: {@link POLICY}, and the scripts that it has, by their hashes. */
export function policyOf({
  hasFilters = false,
  liveScript,
}: Pick<Page, "hasFilters" | "liveScript">): string {
  const sources = [
    ...(hasFilters ? [BEHAVIOUR_SOURCE] : []),
    ...(liveScript === undefined ? [] : [scriptSource(liveScript)]),
  ];
  const scripts = sources.length === 0 ? "" : `; script-src ${sources.join(" ")}`;
  return `${POLICY}${scripts}${liveScript === undefined ? "" : "; connect-src 'self'"}`;
}
