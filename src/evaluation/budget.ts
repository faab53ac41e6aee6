/** The seconds that an evaluation is given. */

export interface Budget {
  readonly seconds: number;
  /** So far; what was kept of an earlier run counts with the seconds that it took there. */
  readonly spent: number;
  readonly isSpent: boolean;
  /** Adds what was kept of an earlier run. */
  add(seconds: number): void;
  /** Whether the equal share of what is left now, had by one of `count`, is spent. */
  share(count: number): () => boolean;
}

/** Begins now. @param now in milliseconds. */
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
