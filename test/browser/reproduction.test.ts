import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { renderReproduction } from "../../src/reproduction/index.js";
import { reproductionByHand } from "../reproduction.js";
import { HAS_CHROMIUM, useChromium, expectAccessible, openPage, SCREENS } from "./chromium.js";

describe.runIf(HAS_CHROMIUM)("the page of a reproduction in a browser", () => {
  const own = useChromium();
  let path = "";
  beforeAll(async () => {
    path = join(own.folder, "report.html");
    const rows = ["undefended", "pat", "at-alp"].map((recipe, i) => ({
      model: recipe,
      recipe,
      clean: 90,
      attacked: 55 + 10 * i,
    }));
    const { result, pictures } = reproductionByHand(rows);
    await writeFile(path, await renderReproduction(result, pictures));
  });

  test.each(SCREENS)(
    "axe finds nothing to mend and nothing hangs over: %s, %i pixels wide",
    async (...screen) => {
      const page = await openPage(own.browser, screen);
      await page.goto(pathToFileURL(path).href);
      await expectAccessible(page);
      // A dataset's card leads to its section.
      await page.locator("#answer .model a").click();
      expect(await page.evaluate("location.hash")).toBe("#pets");
      await page.context().close();
    },
  );
});
