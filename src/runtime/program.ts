import type { Tensor } from "../tensor/index.js";
import type { Value } from "../graph/index.js";
import type { DeviceName } from "./devices.js";

/** Tensors by value name. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** A compiled graph of static shapes. Inputs are not copied; outputs are fresh tensors. */
export interface Program {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** On a device: types of its operators that run on the CPU, since the device has no kernel for them. */
  readonly onCpu?: readonly string[];
  /**
   * Runs the graph. Every input must be fed with its exact shape and type; only the
   * outputs named in `fetch` (all by default) are computed and copied.
   *
   * @throws InputError naming the value whose shape or type is wrong.
   */
  run(feeds: Feeds, fetch?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Frees the session; a second call does nothing. */
  dispose(): Promise<void>;
}

/** How a graph is compiled. */
export interface CompileOptions {
  /** Threads inside an operator; the number of cores by default. */
  readonly threads?: number;
  /**
   * ONNX Runtime's graph optimisation; "all" by default, which includes operators of its own (`lowering/`). Graphs of
   * more than 10 000 nodes are optimised only where this says so.
   */
  readonly optimization?: "disabled" | "basic" | "extended" | "all";
  /** What it runs on; the CPU by default. {@link openDevice} also checks what a device computes. */
  readonly device?: DeviceName;
  /**
   * Inputs that mostly stay the same from run to run, such as the weights during an attack. What depends on them alone is computed
   * when one of them is fed another tensor than in the run before; so a tensor that was fed must not be written to.
   */
  readonly steady?: readonly string[];
  /** Operators that are known to be left for the CPU by this device: they are not looked for again. */
  readonly onCpu?: readonly string[];
}
