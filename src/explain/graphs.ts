import { appendGradients } from "../autodiff/index.js";
import { deadCode, GraphBuilder, type Graph, type Value } from "../graph/index.js";
import { attentionMap } from "../losses/index.js";
import type { BoundClassifier } from "../models/index.js";

/** Names of the inputs of the graphs below besides the image, and of their outputs. */
export const EXPLAIN = {
  /** The classes to explain, one-hot `[N, K]`. */
  oneHot: "explained_class",
  /** Logit of the class, `[N]`. */
  score: "explained_score",
  /** Its gradient with respect to the image, `[N, C, H, W]`. */
  gradient: "explained_gradient",
  /** `[N, h, w]`. */
  gradCam: "grad_cam",
  /** `[N, h · w]`. */
  attention: "attention",
} as const;

/**
 * Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391, eq. 1 and 2) of the logit y of a class at the activation A of a tap:
 *
 *   α_k = 1 / (h · w) Σ_ij ∂y / ∂A^k_ij ,   L = ReLU( Σ_k α_k A^k )
 *
 * Inputs: the image and {@link EXPLAIN.oneHot}. Output: {@link EXPLAIN.gradCam}.
 */
export function gradCamGraph(classifier: BoundClassifier, tap: string): Graph {
  const { g, total } = openScore(classifier);
  const activation = g.value(tap);
  const [gradient] = appendGradients(g, { of: total, withRespectTo: [activation] });
  const weights = g.op("ReduceMean", [gradient!, g.ints([2, 3])], { keepdims: 1 });
  const weighed = g.op("ReduceSum", [g.op("Mul", [activation, weights]), g.ints([1])], { keepdims: 0 });
  g.output(g.op("Relu", [weighed]), EXPLAIN.gradCam);
  return deadCode(g.build());
}

/** The paper's activation attention at a tap, Q = F(A) / ‖F(A)‖₂ with F(A) = Σ_c A_c²: {@link EXPLAIN.attention}. */
export function attentionGraph({ graph }: BoundClassifier, tap: string): Graph {
  const g = GraphBuilder.from(graph);
  g.output(attentionMap(g, g.value(tap)), EXPLAIN.attention);
  return deadCode(g.build());
}

/**
 * The logit y of a class and ∂y / ∂x, from which saliency and integrated gradients are computed. Inputs: the image and
 * {@link EXPLAIN.oneHot}. Outputs: {@link EXPLAIN.score} and {@link EXPLAIN.gradient}.
 */
export function scoreGradientGraph(classifier: BoundClassifier): Graph {
  const { g, score, total } = openScore(classifier);
  const [gradient] = appendGradients(g, { of: total, withRespectTo: [g.value(classifier.image)] });
  g.output(score, EXPLAIN.score);
  g.output(gradient!, EXPLAIN.gradient);
  return deadCode(g.build());
}

/** Images are independent, so the gradient of the sum of their scores is that of each. */
function openScore({ graph, logits }: BoundClassifier): { g: GraphBuilder; score: Value; total: Value } {
  const g = GraphBuilder.from(graph);
  const values = g.value(logits);
  const oneHot = g.input(EXPLAIN.oneHot, "float32", values.shape);
  const score = g.op("ReduceSum", [g.op("Mul", [values, oneHot]), g.ints([1])], { keepdims: 0 });
  return { g, score, total: g.op("ReduceSum", [score], { keepdims: 0 }) };
}
