/** Messages between a training and the thread that serves its page. */
import type { PackedError } from "../errors/index.js";
import type { RunEvent } from "../training/index.js";

export interface ThreadSetup {
  /** 0: any that is free. */
  readonly port: number;
  /** Number of links to create. */
  readonly links: number;
}

/** How a training ended. */
export interface Ending {
  readonly phase: "finished" | "stopped" | "failed";
  readonly failure?: string | undefined;
}

export type ToThread =
  | { readonly kind: "begin"; readonly folder: string }
  /** `at`: milliseconds, on the clock that both threads share. */
  | { readonly kind: "event"; readonly event: RunEvent; readonly at: number }
  | { readonly kind: "end"; readonly ending: Ending };

export type FromThread =
  | { readonly kind: "listening"; readonly port: number; readonly links: readonly string[] }
  | { readonly kind: "refused"; readonly failure: PackedError }
  | { readonly kind: "ended" };
