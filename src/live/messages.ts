/** What a training tells the thread that shows it, and what that answers. */
import type { PackedError } from "../errors/index.js";
import type { RunEvent } from "../training/index.js";

export interface ThreadSetup {
  /** 0: any that is free. */
  readonly port: number;
  /** Links that it makes at once. */
  readonly links: number;
}

/** How a training ended. */
export interface Ending {
  readonly phase: "finished" | "stopped" | "failed";
  readonly failure?: string | undefined;
}

export type ToThread =
  | { readonly kind: "begin"; readonly folder: string }
  /** `at`: milliseconds, by the clock that both threads have. */
  | { readonly kind: "event"; readonly event: RunEvent; readonly at: number }
  | { readonly kind: "end"; readonly ending: Ending };

export type FromThread =
  | { readonly kind: "listening"; readonly port: number; readonly links: readonly string[] }
  | { readonly kind: "refused"; readonly failure: PackedError }
  | { readonly kind: "ended" };
