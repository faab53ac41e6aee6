import { writeError } from "./streams.js";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs work that is stopped by Ctrl-C (or SIGTERM): at once, even while JavaScript or a native call holds its thread, for
 * the signals are the system's; but once the work has called `worthSaving` the first only asks it to end properly, and
 * the second ends it at once. Work with nothing to save does without all this.
 */
export async function withInterrupt(
  work: (signal: AbortSignal, worthSaving: () => void) => Promise<void>,
  words: string,
): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => {
    release();
    writeError(`\n${words} (Ctrl-C again ends it at once)\n`);
    controller.abort();
  };
  const release = (): void => {
    for (const name of SIGNALS) process.off(name, stop);
    leaveSignalsToSystem();
  };
  const worthSaving = (): void => {
    if (controller.signal.aborted) return;
    for (const name of SIGNALS) process.off(name, endAtOnce).off(name, stop).on(name, stop);
  };
  try {
    await work(controller.signal, worthSaving);
  } finally {
    release();
  }
}

/** A signal then ends the process, whatever it does; the first process of a container must see to that itself. */
export function leaveSignalsToSystem(): void {
  if (process.pid === 1) for (const name of SIGNALS) process.off(name, endAtOnce).on(name, endAtOnce);
}

function endAtOnce(): never {
  process.exit(130);
}
