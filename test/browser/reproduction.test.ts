import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe, { type AxeResults } from "axe-core";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderReproduction } from "../../src/reproduction/index.js";
import { reproductionByHand } from "../reproduction.js";

const CHROMIUM = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && existsSync(path),
);

/** Needs a Chromium: named by CHROMIUM, or Debian's. */
describe.runIf(CHROMIUM !== undefined)("the page of a reproduction in a browser", () => {
  let browser: Browser;
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-reproduction-page-"));
    const rows = ["undefended", "pat", "at-alp"].map((recipe, i) => ({
      model: recipe,
      recipe,
      clean: 90,
      attacked: 55 + 10 * i,
    }));
    const { result, pictures } = reproductionByHand(rows);
    await writeFile(join(folder, "report.html"), await renderReproduction(result, pictures));
    browser = await chromium.launch({ executablePath: CHROMIUM!, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ["light", 1280],
    ["dark", 360],
  ] as const)(
    "axe finds nothing to mend and nothing hangs over: %s, %i pixels wide",
    async (colorScheme, width) => {
      const context = await browser.newContext({
        bypassCSP: true,
        colorScheme,
        viewport: { width, height: 900 },
      });
      const page = await context.newPage();
      await page.goto(pathToFileURL(join(folder, "report.html")).href);
      await page.addScriptTag({ content: axe.source });
      const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`)).toEqual([]);
      const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect(await page.evaluate(overflow)).toBe(0);
      // A dataset's card leads to its section.
      await page.locator("#answer .model a").click();
      expect(await page.evaluate("location.hash")).toBe("#pets");
      await context.close();
    },
  );
});
