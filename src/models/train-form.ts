import { sizeOf } from "../tensor/index.js";
import { isNode, rewrite, type Graph } from "../graph/index.js";
import type { BoundClassifier } from "./classifier.js";

/** The batch statistics of a BatchNormalization, and the buffers with its running averages. */
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
 * Converts every BatchNormalization that is not frozen to its training form. With momentum 0 its running outputs
 * are exactly the batch's mean and population variance.
 *
 * ONNX Runtime overwrites the node's running inputs with those outputs, even if the caller feeds
 * them. So each node gets its own values, which are all different, because equal nodes would be merged. With
 * momentum 0 they do not matter as long as they are finite.
 *
 * @param frozen running statistics that do not change: their nodes keep normalising by them.
 */
export function trainForm(
  { graph, name }: Pick<BoundClassifier, "graph" | "name">,
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
