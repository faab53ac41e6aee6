import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { serveTraining, type LiveTraining } from "../../src/live/index.js";
import { renderTraining, viewOf } from "../../src/report/index.js";
import { historyByHand, START, writeHistory } from "../runs/history.js";
import { HAS_CHROMIUM, useChromium, expectAccessible, HOSTILE, openPage, SCREENS } from "./chromium.js";

describe.runIf(HAS_CHROMIUM)("the page of a training in a browser", () => {
  const own = useChromium();
  const lost: string[] = [];
  const serve = (): Promise<LiveTraining> =>
    serveTraining({ links: 3, onLost: ({ message }) => lost.push(message) });
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
    const folder = join(own.folder, "live");
    const live = await serve();
    live.begin(folder);
    const context = await own.browser.newContext();
    const page = await context.newPage();
    const noticed = notice(page, live.port);
    await page.goto(live.links[0]!);
    await page.waitForURL(`http://127.0.0.1:${live.port}/`);
    await page.getByText("Preparing a training run", { exact: true }).waitFor();
    await writeHistory(folder, historyByHand({ data: HOSTILE, step: 60, validations: [[60, 0.8, 0.5]] }));
    live.onEvent(START);
    await page.getByRole("heading", { level: 1, name: "33 % done" }).waitFor();
    expect(await page.locator("h1").textContent()).toBe(`AT+ALP on ${HOSTILE}: 33 % done`);
    expect(await page.title()).toContain("33 % done");
    await page.getByText("Every setting").click();
    await page.locator("#charts [role=img]").nth(1).focus();
    await appendFile(join(folder, "log.jsonl"), JSON.stringify({ type: "warning", step: 60, code: "collapse", message: HOSTILE }) + "\n"); // prettier-ignore
    live.onEvent({ type: "warning", step: 60, code: "collapse", message: HOSTILE });
    live.onEvent(stepOf(63));
    await page.getByText("Something is wrong: It predicts the same class for every image.").waitFor();
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
    const cut = await context.newPage();
    await cut.route("**/events", (route) => route.abort());
    await cut.goto(`http://127.0.0.1:${live.port}/`);
    await cut.getByText("The connection to the training is lost").waitFor();
    await cut.close();
    const seen = await openPage(own.browser, SCREENS[0]);
    await seen.goto(live.links[2]!);
    await seen.getByText("Live: updates").waitFor();
    await expectAccessible(seen);
    await seen.context().close();
    const still = await own.browser.newPage({ javaScriptEnabled: false });
    await still.goto(live.links[1]!);
    await still.getByRole("link", { name: "Reload" }).click();
    expect(await still.locator("h1").textContent()).toContain("50 % done");
    expect(await still.getByRole("button").count()).toBe(0);
    await still.close();
    await live.end({ phase: "failed", failure: HOSTILE });
    await page.getByText("The training has failed, so this page no longer updates.").waitFor();
    expect(await page.locator(".callout").textContent()).toBe(`It failed. ${HOSTILE}`);
    expect(await page.locator("img").count()).toBe(0);
    expect(noticed).toEqual([]);
    expect(lost).toEqual([]);
    await context.close();
  });

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
  test.each(SCREENS)(
    "axe finds nothing to mend and nothing hangs over: %s, %i pixels wide",
    async (...screen) => {
      const page = await openPage(own.browser, screen);
      for (const [name, view] of Object.entries(VIEWS)) {
        const path = join(own.folder, `${name}.html`);
        await writeFile(path, renderTraining(view));
        await page.goto(pathToFileURL(path).href);
        await expectAccessible(page, name);
      }
      await page.context().close();
    },
  );
});
