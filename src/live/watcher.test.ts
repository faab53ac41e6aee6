import { expect, test } from "vitest";
import { historyByHand, START } from "../../test/runs/history.js";
import type { RunEvent } from "../training/index.js";
import type { ToThread } from "./messages.js";
import { createWatcher, type Watcher } from "./watcher.js";

function watched(): {
  readonly watcher: Watcher;
  readonly reads: string[];
  event(event: RunEvent, at?: number): void;
} {
  const reads: string[] = [];
  const watcher = createWatcher(async (folder) => {
    reads.push(folder);
    return historyByHand({ folder });
  });
  const event = (told: RunEvent, at = 0): void =>
    watcher.tell({ kind: "event", event: told, at } satisfies ToThread);
  return { watcher, reads, event };
}

const stepOf = (step: number): RunEvent => ({
  type: "step",
  step,
  steps: 180,
  loss: 1,
  terms: {},
  accuracy: 0.25,
  learningRate: 0.1,
  epsilon: null,
});

test("a run that has not begun is not read: its folder may not be there yet", async () => {
  const { watcher, reads, event } = watched();
  watcher.tell({ kind: "begin", folder: "runs/a" });
  event({ type: "notice", message: "reading" });
  expect(await watcher.view()).toMatchObject({ folder: "runs/a", phase: "preparing", history: undefined });
  watcher.tell({ kind: "end", ending: { phase: "failed", failure: "photos: is empty" } });
  expect(await watcher.view()).toMatchObject({
    phase: "failed",
    failure: "photos: is empty",
    history: undefined,
  });
  expect(reads).toEqual([]);
});

test("the pace is that of this process, and leaves out what was before its first step", async () => {
  const { watcher, event } = watched();
  watcher.tell({ kind: "begin", folder: "runs/a" });
  event({ ...START, step: 40 }, 0);
  event(stepOf(41), 60_000);
  expect((await watcher.view()).now).toMatchObject({ step: 41, steps: 0, seconds: 0 });
  event(stepOf(61), 70_000);
  expect(await watcher.view()).toMatchObject({
    phase: "training",
    now: { step: 61, steps: 20, seconds: 10 },
  });
});

test("the log is read again at once after what is rare, and not after every step", async () => {
  const { watcher, reads, event } = watched();
  watcher.tell({ kind: "begin", folder: "runs/a" });
  event(START);
  await watcher.view();
  event(stepOf(1));
  await watcher.view();
  expect(reads).toHaveLength(1);
  event({ type: "validation", step: 1, images: 100, clean: 0.5, robust: 0.1, best: true });
  await watcher.view();
  expect(reads).toHaveLength(2);
  watcher.tell({ kind: "end", ending: { phase: "stopped" } });
  expect((await watcher.view()).phase).toBe("stopped");
  expect(reads).toHaveLength(3);
});

test("a run that was finished already is read without having begun", async () => {
  const { watcher, reads } = watched();
  watcher.tell({ kind: "begin", folder: "runs/a" });
  watcher.tell({ kind: "end", ending: { phase: "finished" } });
  expect((await watcher.view()).history?.folder).toBe("runs/a");
  expect(reads).toEqual(["runs/a"]);
});
