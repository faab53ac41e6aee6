import { existsSync } from "node:fs";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe, { type AxeResults } from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveTraining, type LiveTraining } from "../../src/live/index.js";
import { renderTraining, viewOf } from "../../src/report/index.js";
import { historyByHand, writeHistory } from "../runs/history.js";

const CHROMIUM = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && existsSync(path),
);
const HOSTILE = `</script><img src="https://example.invalid/x.png" onerror="alert(1)">\u2028$&`;

/** Needs a Chromium: named by CHROMIUM, or Debian's. */
describe.runIf(CHROMIUM !== undefined)("the page of a training in a browser", () => {
  let browser: Browser;
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "holdfast-training-page-"));
    browser = await chromium.launch({ executablePath: CHROMIUM!, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(root, { recursive: true, force: true });
  });

  const lost: string[] = [];
  const serve = (): Promise<LiveTraining> =>
    serveTraining({ links: 3, onLost: ({ message }) => lost.push(message) });
  const start = {
    type: "start",
    step: 0,
    steps: 180,
    stepsPerEpoch: 90,
    images: 2900,
    validationImages: 100,
  } as const;
  const stepOf = (step: number) => ({
    type: "step" as const,
    step,
    steps: 180,
    loss: 1,
    terms: {},
    accuracy: 0.5,
    learningRate: 0.005,
    epsilon: 0.3,
  });

  /** What a page asks for or says beyond its own server. */
  function notice(page: Page, port: number): string[] {
    const noticed: string[] = [];
    page.on("dialog", (dialog) => void noticed.push(`dialog ${dialog.message()}`));
    page.on("console", (message) => noticed.push(`console ${message.text()}`));
    page.on("pageerror", (error) => noticed.push(`error ${error.message}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.host !== `127.0.0.1:${port}`) noticed.push(`request ${url.href}`);
    });
    return noticed;
  }

  test("renews itself, keeps what was unfolded and focused, pauses, and says how it ended", async () => {
    const folder = join(root, "live");
    const live = await serve();
    live.begin(folder);
    const own = await browser.newContext();
    const page = await own.newPage();
    const noticed = notice(page, live.port);
    await page.goto(live.links[0]!);
    await page.waitForURL(`http://127.0.0.1:${live.port}/`);
    await page.getByText("A training is being prepared", { exact: true }).waitFor();
    await writeHistory(folder, historyByHand({ data: HOSTILE, step: 60, validations: [[60, 0.8, 0.5]] }));
    live.onEvent(start);
    await page.getByRole("heading", { level: 1, name: "33 % done" }).waitFor();
    expect(await page.locator("h1").textContent()).toBe(`AT+ALP on ${HOSTILE}: 33 % done`);
    expect(await page.title()).toContain("33 % done");
    await page.getByText("Every setting").click();
    await page.locator("#charts [role=img]").nth(1).focus();
    await appendFile(join(folder, "log.jsonl"), JSON.stringify({ type: "warning", step: 60, code: "collapse", message: HOSTILE }) + "\n"); // prettier-ignore
    live.onEvent({ type: "warning", step: 60, code: "collapse", message: HOSTILE });
    live.onEvent(stepOf(63));
    await page.getByText("Something is wrong: It answers one class to every image.").waitFor();
    await page.getByRole("heading", { level: 1, name: "35 % done" }).waitFor();
    expect(await page.locator("#settings details").getAttribute("open")).not.toBeNull();
    const focused = "[...document.querySelectorAll('#charts [role=img]')].indexOf(document.activeElement)";
    expect(await page.evaluate(focused)).toBe(1);
    const pause = page.getByRole("button", { name: "Pause" });
    await pause.click();
    live.onEvent(stepOf(90));
    await page.waitForTimeout(1500);
    expect(await page.locator("h1").textContent()).toContain("35 % done");
    await pause.click();
    await page.getByRole("heading", { level: 1, name: "50 % done" }).waitFor();
    const cut = await own.newPage();
    await cut.route("**/events", (route) => route.abort());
    await cut.goto(`http://127.0.0.1:${live.port}/`);
    await cut.getByText("The connection to the training is lost").waitFor();
    await cut.close();
    await expectAccessible(live.links[2]!);
    const context = await browser.newContext({ javaScriptEnabled: false });
    const still = await context.newPage();
    await still.goto(live.links[1]!);
    await still.getByRole("link", { name: "Load it again" }).click();
    expect(await still.locator("h1").textContent()).toContain("50 % done");
    expect(await still.getByRole("button").count()).toBe(0);
    await context.close();
    await live.end({ phase: "failed", failure: HOSTILE });
    await page.getByText("The training has failed, and this page is not renewed any more.").waitFor();
    expect(await page.locator(".callout").textContent()).toBe(`It failed. ${HOSTILE}`);
    expect(await page.locator("img").count()).toBe(0);
    expect(noticed).toEqual([]);
    expect(lost).toEqual([]);
    await own.close();
  });

  /** The live page, with its bar and button. */
  async function expectAccessible(link: string): Promise<void> {
    const context = await browser.newContext({ bypassCSP: true });
    const page = await context.newPage();
    await page.goto(link);
    await page.getByText("Live: renewed").waitFor();
    await page.addScriptTag({ content: axe.source });
    const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
    expect(violations.map(({ id }) => id)).toEqual([]);
    await context.close();
  }

  const validations = [
    [30, 0.7, 0.3],
    [60, 0.9, 0.6],
  ] as const;
  const collapse = { code: "collapse", step: 60, message: "it has collapsed." };
  const diverged = { code: "diverged", step: 90, message: "the loss is NaN: training has diverged" };
  const VIEWS = {
    "under way": viewOf(historyByHand({ validations, data: HOSTILE, isHeld: true })),
    failed: viewOf(historyByHand({ warnings: [collapse, diverged] })),
    finished: viewOf(historyByHand({ validations, step: 180, isFinished: true })),
  };
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
      for (const [name, view] of Object.entries(VIEWS)) {
        const path = join(root, `${name}.html`);
        await writeFile(path, renderTraining(view));
        await page.goto(pathToFileURL(path).href);
        await page.addScriptTag({ content: axe.source });
        const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
        expect(found, name).toEqual([]);
        const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        expect(await page.evaluate(overflow), name).toBe(0);
      }
      await context.close();
    },
  );
});
