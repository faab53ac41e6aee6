/** Entry of the thread that serves a training's page: the training itself holds its own thread for seconds at a time. */
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

/** What draws the page is loaded when somebody looks. */
async function page(): Promise<LivePage> {
  const { LIVE_POLICY, renderLive, trainingPage } = await import("../report/index.js");
  const parts = trainingPage(await watcher.view());
  return { ...parts, html: renderLive(parts), policy: LIVE_POLICY };
}

const WORDS: Readonly<Record<Ending["phase"], string>> = {
  finished:
    "The training has finished, and this page is not renewed any more. It stays as report.html in the run folder.",
  stopped:
    "The training has stopped, and this page is not renewed any more. The command below goes on with it.",
  failed: "The training has failed, and this page is not renewed any more.",
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
