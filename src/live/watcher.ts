import type { Now, TrainingView } from "../report/index.js";
import type { RunHistory } from "../training/index.js";
import type { ToThread } from "./messages.js";

/** The state of a training from its events; its log is read only when someone is watching. */
export interface Watcher {
  tell(message: ToThread): void;
  view(): Promise<TrainingView>;
}

/** If only steps were added, the log is read again after this time; after anything else at once. */
const READ_AGAIN_MS = 3000;

/** @param read the history of a run folder. */
export function createWatcher(read: (folder: string) => Promise<RunHistory>): Watcher {
  let folder = "";
  let [phase, failure]: [TrainingView["phase"], string | undefined] = ["preparing", undefined];
  let first: { readonly step: number; readonly at: number } | undefined;
  let now: Now | undefined;
  let history: RunHistory | undefined;
  let [hasBegun, isStale, hasNews, readAt] = [false, false, false, -Infinity];
  const tell = (message: ToThread): void => {
    if (message.kind === "begin") folder = message.folder;
    else if (message.kind === "end") {
      ({ phase, failure } = { failure: undefined, ...message.ending });
      // Resuming a finished run gives no start event.
      isStale = hasBegun || phase === "finished";
    } else {
      const { event, at } = message;
      if (event.type === "start") [phase, hasBegun] = ["training", true];
      if (event.type === "step") {
        const { step } = event;
        first ??= { step, at };
        now = { step, seconds: (at - first.at) / 1000, steps: step - first.step };
        hasNews = true;
      } else isStale = hasBegun;
    }
  };
  return {
    tell,
    async view() {
      if (isStale || (hasNews && performance.now() - readAt > READ_AGAIN_MS)) {
        [isStale, hasNews] = [false, false];
        history = await read(folder);
        readAt = performance.now();
      }
      return { folder, phase, failure, history, now };
    },
  };
}
