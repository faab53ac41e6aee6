import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDataset, takeSample } from "../../src/data/index.js";
import { evaluateModels } from "../../src/evaluation/index.js";
import { createClassifier } from "../../src/models/index.js";
import { renderReport } from "../../src/report/index.js";
import { createGenerator } from "../../src/tensor/index.js";

const CHROMIUM = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && existsSync(path),
);
const HOSTILE = `</script><img src="https://example.invalid/x.png" onerror="alert(1)">\u2028$&`;

/** Needs a Chromium: named by CHROMIUM, or Debian's. */
describe.runIf(CHROMIUM !== undefined)("the report in a browser", () => {
  let browser: Browser;
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-browser-"));
    const dataset = takeSample(await openDataset("mnist:test"), 20, createGenerator(1));
    const classNames = dataset.classNames.map((name, i) => (i === 0 ? HOSTILE : name));
    const shape = { channels: 1, height: 28, width: 28, classNames, random: createGenerator(1) };
    const info = { recipe: null, path: HOSTILE, sha256: "0".repeat(64), architecture: "resnet-mini" };
    const models = [{ name: HOSTILE, classifier: createClassifier("resnet-mini", shape), info }];
    const sample = { dataset: { ...dataset, classNames }, population: 10_000, seed: 1 };
    const options = { epsilons: [0.1, 0.3], options: { steps: 2 }, iterations: [1], curve: 3, threads: 1 };
    const result = await evaluateModels(models, sample, options, { name: "holdfast", version: "0" });
    await writeFile(join(folder, "report.html"), await renderReport(result));
    browser = await chromium.launch({ executablePath: CHROMIUM!, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ["a desktop", 1280],
    ["a phone", 390],
  ])("on %s: text stays text, nothing is asked for, nothing hangs over", async (_, width) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const noticed: string[] = [];
    page.on("dialog", (dialog) => void noticed.push(`dialog ${dialog.message()}`));
    page.on("console", (message) => noticed.push(`console ${message.text()}`));
    page.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) noticed.push(`request ${request.url()}`);
    });
    await page.goto(pathToFileURL(join(folder, "report.html")).href);
    expect(noticed).toEqual([]);
    expect(await page.locator(".card h2").textContent()).toBe(HOSTILE);
    expect(await page.locator("img[onerror]").count()).toBe(0);
    expect(await page.locator("svg").count()).toBe(3);
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate(overflow)).toBe(0);
    await page.close();
  });
});
