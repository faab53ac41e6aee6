/**
 * Runs work that can be stopped: the first Ctrl-C (or SIGTERM) asks it to end properly, a
 * second one ends the process at once.
 */
export async function withInterrupt(
  work: (signal: AbortSignal) => Promise<void>,
  words: string,
): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write(`\n${words} (Ctrl-C again ends it at once)\n`);
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    await work(controller.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
