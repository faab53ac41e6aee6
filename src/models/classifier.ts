import type { Dim, Graph } from "../graph/index.js";
import type { RandomInput } from "./random-inputs.js";
import type { Tokens } from "./tokens.js";

/** An activation with an attention map, F(A) = Σ_c |A_c|². */
export interface Tap {
  /** `group-0` … `group-3` in a ResNet. */
  readonly name: string;
  /** The value in the graph, `[N, C, h, w]`, or with `tokens` `[N, T, C]`. */
  readonly value: string;
  /** How a transformer's tokens map to positions in the image. */
  readonly tokens?: Tokens | undefined;
}

/**
 * An image classifier: a graph from images `[N, C, H, W]` in [0, 1] (normalisation is
 * inside the graph, so ε is always in pixel units) to logits `[N, K]`, in eval form
 * (BatchNormalization with running statistics). The batch dimension is named "N", or is a
 * number in a foreign file that fixes it.
 */
export interface Classifier {
  readonly name: string;
  readonly graph: Graph<Dim>;
  /** Name of the image input. */
  readonly image: string;
  /** Name of the logits output. */
  readonly logits: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
  /** True if nothing names the classes. Their names are then the positions of the outputs: `0`, `1`, … */
  readonly unnamed?: boolean | undefined;
  /** Initializers that training updates, in a fixed order. */
  readonly parameters: readonly string[];
  /** Initializers that training sets without a gradient: the running statistics of BatchNorm. */
  readonly buffers: readonly string[];
  readonly taps: readonly Tap[];
  /** Further inputs of a randomised defence, `[N, …]`, drawn again for every run. None by default. */
  readonly randomInputs?: readonly RandomInput[] | undefined;
}

/** A classifier whose batch size is fixed, ready to be extended and compiled. */
export interface BoundClassifier extends Omit<Classifier, "graph"> {
  readonly graph: Graph;
  readonly batchSize: number;
}
