import { sizeOf } from "../tensor/index.js";
import { isNode, rewrite, type Graph } from "../graph/index.js";
import type { BoundClassifier } from "./classifier.js";

/** What one BatchNormalization saw, and the buffers that keep its running averages. */
export interface BatchStatistics {
  readonly runningMean: string;
  readonly runningVariance: string;
  /** Values of the graph, `[C]`: the batch's mean and its population variance. */
  readonly batchMean: string;
  readonly batchVariance: string;
  /** Elements per channel, N · h · w: PyTorch's running variance is unbiased, × count / (count − 1). */
  readonly count: number;
}

/** A classifier's training form: BatchNormalization normalises by the batch. */
export interface TrainForm {
  readonly graph: Graph;
  readonly statistics: readonly BatchStatistics[];
}

/**
 * Turns every BatchNormalization that is not frozen to its training form. With momentum 0 its running outputs
 * are exactly the batch's mean and population variance.
 *
 * ONNX Runtime writes those outputs over the node's running inputs, even where these are fed by
 * the caller; so each node gets values of its own, no two of them equal, for equal nodes become one. Momentum 0 makes
 * them irrelevant where they are finite.
 *
 * @param frozen running statistics that stay as they are: their nodes keep normalising by them.
 */
export function trainForm(
  { graph, name }: BoundClassifier,
  frozen: ReadonlySet<string> = new Set(),
): TrainForm {
  const statistics: BatchStatistics[] = [];
  const trained = rewrite<number>({ ...graph, name }, (node, g) => {
    if (!isNode(node, "BatchNormalization") || frozen.has(node.inputs[3]!)) return undefined;
    const output = node.outputs[0]!;
    const [batchMean, batchVariance] = [`${output}.batch_mean`, `${output}.batch_variance`];
    const [x, scale, shift, ...running] = node.inputs;
    const own = g.scalar(statistics.length + 1);
    const overwritten = running.map(
      (value, i) => g.op("Add", [g.value(value), own], {}, { name: `${output}.overwritten_${i}` }).name,
    );
    const { shape } = graph.values.get(output)!;
    statistics.push({
      runningMean: running[0]!,
      runningVariance: running[1]!,
      batchMean,
      batchVariance,
      count: sizeOf(shape) / shape[1]!,
    });
    return g.node({
      ...node,
      inputs: [x!, scale!, shift!, ...overwritten],
      outputs: [output, batchMean, batchVariance],
      attributes: { ...node.attributes, momentum: 0, training_mode: 1 },
    });
  });
  return { graph: trained, statistics };
}
