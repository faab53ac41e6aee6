import { STEP } from "../../attacks/index.js";
import { appendGradients } from "../../autodiff/index.js";
import { deadCode, GraphBuilder, type Graph } from "../../graph/index.js";
import type { BoundClassifier } from "../../models/index.js";

/** Name of the saliency graph's output, `[N, H, W]`. */
export const SALIENCY = "saliency";

/** Share of the pixels in the key region. */
const SHARE = 0.2;
/** Side of the averaging window, as a share of the image's. */
const WINDOW = 1 / 8;

/**
 * S = Σ_c |∂ z_y / ∂x_c|, how much each pixel moves the logit of the label (Simonyan, Vedaldi &
 * Zisserman 2014, with the sum of the channels instead of their maximum). Inputs: the image and
 * one-hot labels `[N, K]`.
 */
export function saliencyGraph(classifier: BoundClassifier): Graph {
  const g = GraphBuilder.from(classifier.graph);
  const logits = g.value(classifier.logits);
  const image = g.value(classifier.image);
  const oneHot = g.input(STEP.oneHot, "float32", logits.shape);
  const score = g.op("ReduceSum", [g.op("Mul", [logits, oneHot])], { keepdims: 0 });
  const [gradient] = appendGradients(g, { of: score, withRespectTo: [image] });
  g.output(g.op("ReduceSum", [g.op("Abs", [gradient!]), g.ints([1])], { keepdims: 0 }), SALIENCY);
  return deadCode(g.build());
}

/**
 * The key region if a dataset has no masks: the fifth of the pixels with the largest saliency, averaged
 * over a window of an eighth of the image's side.
 */
export function salientRegion(
  saliency: Float32Array,
  [height, width]: readonly [number, number],
): Uint8Array {
  const blurred = boxBlur(saliency, height, width);
  const count = Math.round(SHARE * blurred.length);
  const threshold = Float32Array.from(blurred).sort()[blurred.length - count]!;
  return Uint8Array.from(blurred, (value) => Number(value >= threshold));
}

/** Mean over a window, clipped at the edges. */
function boxBlur(values: Float32Array, height: number, width: number): Float32Array {
  const radius = Math.max(1, Math.round((WINDOW * Math.min(height, width)) / 2));
  const along = (
    source: Float32Array,
    lines: number,
    length: number,
    step: number,
    stride: number,
  ): Float32Array => {
    const out = new Float32Array(source.length);
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < length; i++) {
        const [from, to] = [Math.max(0, i - radius), Math.min(length - 1, i + radius)];
        let sum = 0;
        for (let j = from; j <= to; j++) sum += source[line * stride + j * step]!;
        out[line * stride + i * step] = sum / (to - from + 1);
      }
    }
    return out;
  };
  return along(along(values, height, width, 1, width), width, height, width, 1);
}
