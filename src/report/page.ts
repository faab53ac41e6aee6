import { BEHAVIOUR, BEHAVIOUR_SOURCE, scriptSource } from "./behaviour.js";
import { html, raw, type Html } from "./html.js";
import { STYLES } from "./styles.js";

/** Nothing may be fetched: the page is text, its own style and its own pictures. Only scripts with a listed hash run. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

export interface Page {
  readonly title: string;
  /** Name and version of the program. */
  readonly generator: string;
  /** Content of `<main>`. */
  readonly content: Html;
  /** A block of JSON for other programs. */
  readonly data: Html;
  /** Style rules in addition to the common ones. */
  readonly styles?: string;
  /** Whether there are filters that need the page's script. */
  readonly hasFilters?: boolean;
  /** A script that asks only its own server for updates. Its text never changes. */
  readonly liveScript?: string;
}

/** One self-contained HTML file. */
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

/** Keeps browsers from requesting an icon from the server. */
const NO_ICON = raw('<link rel="icon" href="data:," />');

/** The policy of a page: {@link POLICY} plus the hashes of its scripts. */
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
