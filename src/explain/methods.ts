/** Methods of explaining an answer, in the order of the columns of a sheet. */
export const METHODS = ["grad-cam", "attention", "integrated-gradients", "saliency"] as const;
/** Name of a method of explaining. */
export type Method = (typeof METHODS)[number];

/** Methods that read a tap; their map has its size. */
export const TAPPED: ReadonlySet<Method> = new Set<Method>(["grad-cam", "attention"]);
