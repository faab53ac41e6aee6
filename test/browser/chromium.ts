import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe, { type AxeResults } from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";

/** Named by CHROMIUM, or Debian's. */
const EXECUTABLE = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && existsSync(path),
);

/** Without one, tests of pages are left out. */
export const HAS_CHROMIUM: boolean = EXECUTABLE !== undefined;

/** A name that would be a picture, a script or a pattern of replacement in a page that takes it for more than text. */
export const HOSTILE = `</script><img src="https://example.invalid/x.png" onerror="alert(1)">\u2028$&`;

/** What the tests of a page are run with. */
export interface Chromium {
  readonly browser: Browser;
  /** Where they may write, until they have run. */
  readonly folder: string;
}

/** Starts it before the tests of a `describe.runIf(HAS_CHROMIUM)`, and ends it after them. */
export function useChromium(): Chromium {
  let [browser, folder]: [Browser | undefined, string] = [undefined, ""];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-browser-"));
    browser = await chromium.launch({ executablePath: EXECUTABLE!, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get browser() {
      return browser!;
    },
    get folder() {
      return folder;
    },
  };
}

/** The screens that a page is looked at on. */
export const SCREENS = [
  ["light", 1280],
  ["dark", 360],
] as const;

/** A page of its own, into which axe can be put: its context is the caller's to close. */
export async function openPage(
  browser: Browser,
  [colorScheme, width]: readonly ["light" | "dark", number],
): Promise<Page> {
  const viewport = { width, height: 900 };
  const context = await browser.newContext({ bypassCSP: true, colorScheme, viewport });
  return context.newPage();
}

/** Axe finds nothing to mend, and nothing hangs over the right edge. */
export async function expectAccessible(page: Page, name = page.url()): Promise<void> {
  await page.addScriptTag({ content: axe.source });
  const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
  expect(found, name).toEqual([]);
  const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  expect(await page.evaluate(overflow), name).toBe(0);
}
