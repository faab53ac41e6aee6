import { writeError } from "./streams.js";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs work that is worth saving when it is stopped: the first Ctrl-C (or SIGTERM) asks it to end properly, a second one
 * ends the process at once, even while JavaScript or a native call holds its thread: by then the signals are the system's
 * again. Work with nothing to save does without, and ends at the first.
 */
export async function withInterrupt(
  work: (signal: AbortSignal) => Promise<void>,
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
  for (const name of SIGNALS) process.off(name, endAtOnce).on(name, stop);
  try {
    await work(controller.signal);
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
