/** The time budget of an evaluation, in seconds. */

export interface Budget {
  readonly seconds: number;
  /** Seconds spent so far; saved outcomes of an earlier run count with their time there. */
  readonly spent: number;
  readonly isSpent: boolean;
  /** Adds the seconds of saved outcomes. */
  add(seconds: number): void;
  /** Tells when an equal share of the time now left, split among `count`, is spent. */
  share(count: number): () => boolean;
}

/** Starts now. @param now in milliseconds. */
export function openBudget(seconds: number, now: () => number): Budget {
  const started = now();
  let before = 0;
  const spent = (): number => before + (now() - started) / 1000;
  return {
    seconds,
    get spent() {
      return spent();
    },
    get isSpent() {
      return spent() >= seconds;
    },
    add(more) {
      before += more;
    },
    share(count) {
      const until = spent() + (seconds - spent()) / count;
      return () => spent() >= until;
    },
  };
}
