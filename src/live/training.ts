import { Worker } from "node:worker_threads";
import { unpackError } from "../errors/index.js";
import type { RunEvent } from "../training/index.js";
import type { Ending, FromThread, ThreadSetup, ToThread } from "./messages.js";

/** The page of a training, served while it runs. */
export interface LiveTraining {
  readonly port: number;
  /** Each lets in one browser, once. */
  readonly links: readonly string[];
  /** Where the run is, or will be. */
  begin(folder: string): void;
  onEvent(event: RunEvent): void;
  /** Shows how it ended, and stops serving. */
  end(ending: Ending): Promise<void>;
}

export interface LiveOptions {
  /** A free one by default. */
  readonly port?: number | undefined;
  readonly links: number;
  /** Called if the page is no longer served, with the reason; the training continues. */
  readonly onLost: (reason: Error) => void;
}

/** Pages get the last updates within this time or not at all: a finished training does not wait for them. */
const LAST_MS = 5000;

/**
 * Serves the page of a training in its own thread, which neither delays the training nor keeps the process alive.
 *
 * @throws UsageError if the port is in use.
 */
export async function serveTraining({ port = 0, links, onLost }: LiveOptions): Promise<LiveTraining> {
  // The drawing code reads runs and so loads ONNX Runtime, whose telemetry the first thread to load it turns off.
  await import("../training/index.js");
  const workerData: ThreadSetup = { port, links };
  const worker = new Worker(new URL("./thread.js", import.meta.url), { workerData });
  const listening = await new Promise<Extract<FromThread, { kind: "listening" }>>((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (message: FromThread) => {
      if (message.kind === "listening") resolve(message);
      else if (message.kind === "refused") reject(unpackError(message.failure, "the page's thread"));
    });
  });
  let isServing = true;
  worker.removeAllListeners("error").on("error", (reason: Error) => {
    isServing = false;
    onLost(reason);
  });
  worker.unref();
  const tell = (message: ToThread): void => {
    if (isServing) worker.postMessage(message);
  };
  return {
    port: listening.port,
    links: listening.links,
    begin: (folder) => tell({ kind: "begin", folder }),
    onEvent: (event) => tell({ kind: "event", event, at: Date.now() }),
    async end(ending) {
      if (!isServing) return;
      await new Promise<void>((resolve) => {
        worker.once("message", () => resolve());
        worker.once("exit", () => resolve());
        setTimeout(resolve, LAST_MS).unref();
        // Keeps the process alive while the last parts are on their way.
        worker.ref();
        tell({ kind: "end", ending });
      });
      isServing = false;
      await worker.terminate();
    },
  };
}
