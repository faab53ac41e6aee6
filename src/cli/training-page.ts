/** The page of a training: served while it runs, if requested, and saved in its folder. */
import type { Command } from "commander";
import { UsageError } from "../errors/index.js";
import type { Ending, LiveTraining } from "../live/index.js";
import type { RunEvent } from "../training/index.js";
import { writeError } from "./streams.js";
import type { Terminal } from "./terminal.js";
import { whole } from "./values.js";

export interface PageOptions {
  readonly open?: boolean;
  readonly serve?: boolean;
  readonly port?: number;
}

export function pageOptions(command: Command): Command {
  return command
    .option("--open", "show the training in your browser while it runs, from this machine only")
    .option("--serve", "the same, but print the link and open nothing")
    .option("--port <n>", "port to serve it on (default: a free one)", whole(1, 65_535));
}

export interface TrainingPageHost {
  /** Shows the run that will be in this folder. */
  begin(folder: string): Promise<void>;
  onEvent(event: RunEvent): void;
  /** Saves `report.html` in the folder of a training that started, returns its path, and stops serving. */
  end(ending: Ending): Promise<string | undefined>;
}

/** @throws UsageError if the port is in use, before anything has started. */
export async function hostTrainingPage(options: PageOptions, terminal: Terminal): Promise<TrainingPageHost> {
  const live = await serve(options, terminal);
  let folder = "";
  let hasBegun = false;
  return {
    async begin(of) {
      folder = of;
      live?.begin(of);
      if (live !== undefined) await announce(live, options.open === true);
    },
    onEvent(event) {
      hasBegun ||= event.type === "start";
      live?.onEvent(event);
    },
    async end(ending) {
      const isKept = hasBegun || ending.phase === "finished";
      const report = isKept ? await keepReport(folder, ending, terminal) : undefined;
      await live?.end(ending);
      return report;
    },
  };
}

async function serve(
  { open = false, serve: isServed = false, port }: PageOptions,
  terminal: Terminal,
): Promise<LiveTraining | undefined> {
  if (!open && !isServed) {
    if (port === undefined) return undefined;
    throw new UsageError({
      place: "--port",
      problem: "has no effect, because the training page is not served",
      remedy: "Add --open or --serve, or omit it.",
    });
  }
  const { serveTraining } = await import("../live/index.js");
  return serveTraining({
    port,
    links: open ? 2 : 1,
    onLost: ({ message }) => terminal.warn(`the training page is no longer served: ${message}`),
  });
}

/** The link is a result, so it is printed even with --quiet. */
async function announce({ links, port }: LiveTraining, open: boolean): Promise<void> {
  const [printed, opened] = links;
  const { openBrowser } = await import("../live/index.js");
  const isOpen = open && (await openBrowser(opened!));
  if (isOpen) return writeError(`Opened in your browser. For another browser: ${printed} (works once)\n`);
  if (open) writeError("Could not open a browser.\n");
  writeError(
    `Watch the training at ${printed} (works once)\n` +
      `  from another machine: ssh -L ${port}:127.0.0.1:${port} <this machine>\n`,
  );
}

/** A page that cannot be written does not fail the training. */
async function keepReport(folder: string, ending: Ending, terminal: Terminal): Promise<string | undefined> {
  try {
    const { readRunHistory, runPaths } = await import("../training/index.js");
    const { renderTraining, viewOf } = await import("../report/index.js");
    const { replaceFile } = await import("../files/index.js");
    const { report } = runPaths(folder);
    await replaceFile(report, renderTraining({ ...viewOf(await readRunHistory(folder)), ...ending }));
    return report;
  } catch (error) {
    terminal.warn(
      `the training page was not written: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}
