/** How maps can lie in memory. */
export const LAYOUTS = ["standard", "blocks of 8", "blocks of 16"] as const;
export type Layout = (typeof LAYOUTS)[number];

let inUse: Layout | undefined;

/** How maps lie where gradients of convolutions have been lowered for this process, or in a worker of it; undefined where none have. */
export const layoutInUse = (): Layout | undefined => inUse;

/** Says how they lie. It is the same in all of a process: the processor's. */
export function noteLayout(layout: Layout | undefined): void {
  inUse = layout ?? inUse;
}
