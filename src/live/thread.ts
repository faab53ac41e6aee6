/** Entry point of the thread that serves a training's page, because the training blocks its own thread for seconds at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { packError } from "../errors/index.js";
import type { Ending, FromThread, ThreadSetup, ToThread } from "./messages.js";
import { startServer, type LivePage } from "./server.js";
import { createWatcher } from "./watcher.js";

const { port, links } = workerData as ThreadSetup;
const reply = (message: FromThread): void => parentPort?.postMessage(message);
const watcher = createWatcher(async (folder) =>
  (await import("../training/index.js")).readRunHistory(folder),
);

/** The drawing code is loaded only when someone is watching. */
async function page(): Promise<LivePage> {
  const { LIVE_POLICY, renderLive, trainingPage } = await import("../report/index.js");
  const parts = trainingPage(await watcher.view());
  return { ...parts, html: renderLive(parts), policy: LIVE_POLICY };
}

const WORDS: Readonly<Record<Ending["phase"], string>> = {
  finished:
    "The training has finished, so this page no longer updates. It is saved as report.html in the run folder.",
  stopped: "The training has stopped, so this page no longer updates. The command below resumes it.",
  failed: "The training has failed, so this page no longer updates.",
};

try {
  const server = await startServer({ port, page });
  parentPort?.on("message", (message: ToThread) => {
    watcher.tell(message);
    if (message.kind !== "end") return server.changed();
    void server.end(WORDS[message.ending.phase]).then(() => reply({ kind: "ended" }));
  });
  reply({ kind: "listening", port: server.port, links: Array.from({ length: links }, () => server.link()) });
} catch (error) {
  reply({ kind: "refused", failure: packError(error) });
}
