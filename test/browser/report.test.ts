import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { openDataset, takeSample } from "../../src/data/index.js";
import { evaluateModels } from "../../src/evaluation/index.js";
import { createClassifier } from "../../src/models/index.js";
import { renderReport } from "../../src/report/index.js";
import { createGenerator } from "../../src/tensor/index.js";
import { HAS_CHROMIUM, useChromium, expectAccessible, HOSTILE, openPage } from "./chromium.js";

describe.runIf(HAS_CHROMIUM)("the report in a browser", () => {
  const own = useChromium();
  let address = "";
  beforeAll(async () => {
    const path = join(own.folder, "report.html");
    address = pathToFileURL(path).href;
    const dataset = takeSample(await openDataset("mnist:test"), 20, createGenerator(1));
    const classNames = dataset.classNames.map((name, i) => (i === 0 ? HOSTILE : name));
    const shape = { channels: 1, height: 28, width: 28, classNames, random: createGenerator(1) };
    const info = { recipe: null, path: HOSTILE, sha256: "0".repeat(64), architecture: "resnet-mini" };
    const models = [{ name: HOSTILE, classifier: createClassifier("resnet-mini", shape), info }];
    const sample = { dataset: { ...dataset, classNames }, population: 10_000, seed: 1 };
    const options = { epsilons: [0.1, 0.3], options: { steps: 2 }, iterations: [1], curve: 3, threads: 1 };
    const result = await evaluateModels(models, sample, options, {
      tool: { name: "holdfast", version: "0" },
    });
    await writeFile(path, await renderReport(result));
  });

  test.each([
    ["a desktop", 1280],
    ["a phone", 390],
  ])("on %s: text stays text, nothing is asked for, nothing hangs over", async (_, width) => {
    const page = await own.browser.newPage({ viewport: { width, height: 900 } });
    const noticed: string[] = [];
    page.on("dialog", (dialog) => void noticed.push(`dialog ${dialog.message()}`));
    page.on("console", (message) => noticed.push(`console ${message.text()}`));
    page.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) noticed.push(`request ${request.url()}`);
    });
    await page.goto(address);
    expect(noticed).toEqual([]);
    expect(await page.locator(".model h2").textContent()).toBe(HOSTILE);
    expect(await page.locator("img[onerror]").count()).toBe(0);
    expect(await page.locator("svg").count()).toBe(3);
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate(overflow)).toBe(0);
    await page.close();
  });

  test.each(["light", "dark"] as const)("axe finds nothing to mend, in the %s", async (colorScheme) => {
    for (const width of [1280, 360]) {
      const page = await openPage(own.browser, [colorScheme, width]);
      await page.goto(address);
      await expectAccessible(page, `${width} pixels wide`);
      await page.context().close();
    }
  });

  test("pictures are searched, and flipped by the arrow keys", async () => {
    const page = await own.browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(address);
    const shots = page.locator(".shot");
    const count = await shots.count();
    expect(count).toBeGreaterThan(0);
    expect(await page.locator(".filters output").textContent()).toBe(`${count} of ${count}`);
    const first = shots.first();
    const shown = async (): Promise<boolean[]> =>
      Promise.all((await first.locator("img").all()).slice(0, 3).map((picture) => picture.isVisible()));
    expect(await shown()).toEqual([false, true, false]);
    await first.locator("input").nth(1).focus();
    await page.keyboard.press("ArrowRight");
    expect(await shown()).toEqual([false, false, true]);
    await page.locator(".filters input[type=search]").fill("no such class");
    expect(await page.locator(".shot:visible").count()).toBe(0);
    expect(await page.locator(".filters output").textContent()).toBe(`0 of ${count}`);
    await page.close();
  });

  test("pictures, filters left out, are all there without scripts", async () => {
    const context = await own.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(address);
    expect(await page.locator(".filters").isVisible()).toBe(false);
    expect(await page.locator(".shot:visible").count()).toBe(await page.locator(".shot").count());
    await context.close();
  });
});
