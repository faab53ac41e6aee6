import { writeError } from "./streams.js";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs work that Ctrl-C (or SIGTERM) stops. The system does so at once, even while JavaScript or a native call holds
 * the thread. After the work has called `worthSaving`, the first signal asks it to save and end, and the second ends it
 * at once. Work with nothing to save does not need this function.
 */
export async function withInterrupt(
  work: (signal: AbortSignal, worthSaving: () => void) => Promise<void>,
  words: string,
): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => {
    release();
    writeError(`\n${words} (press Ctrl-C again to stop now)\n`);
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
