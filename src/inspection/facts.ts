import { imagesPerRun } from "../attacks/index.js";
import { isFlat, printValue, type Dim, type Graph } from "../graph/index.js";
import { bindBatch, fixedBatchSize, type Classifier } from "../models/index.js";
import { tryAttack, type Attackability, type Obstacle } from "./attackable.js";
import { estimateMemory, type MemoryEstimate } from "./memory.js";
import { imageEntry } from "./normalisation.js";
import { countOperations, type Operations } from "./operations.js";
import type { ModelInspection, OperatorCount } from "./inspection-schema.js";

/** What is known about a model besides its classifier. */
export interface InspectedModel {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly recipe: string | null;
  readonly classifier: Classifier;
  /** Notices from reading it, in sentences. */
  readonly notices: readonly string[];
  /** What it expects instead of pixels in [0, 1], and the source of this information, in words. */
  readonly pixels: string;
  /** Whether the caller gave mean, deviation or range, and the layout. */
  readonly given: { readonly normalisation: boolean; readonly layout: boolean };
}

/** Everything that `holdfast inspect` reports; whether an attack is possible is tried, not guessed. */
export async function inspectModel(model: InspectedModel, batchSize: number): Promise<ModelInspection> {
  const { classifier, name, path, sha256, recipe, notices } = model;
  const { graph } = classifier;
  const bound = fixedBatchSize(classifier) ?? 1;
  const attack = await tryAttack(classifier, bound);
  const { operations, memory } = measured(classifier, attack, { bound, batchSize });
  return {
    kind: "inspection",
    schemaVersion: 1,
    readable: true,
    name,
    path,
    sha256,
    architecture: classifier.name,
    recipe,
    input: printValue(graph.values.get(classifier.image)!),
    output: printValue(graph.values.get(classifier.logits)!),
    batchSize: fixedBatchSize(classifier) ?? null,
    classes: [...classifier.classNames],
    classesNamed: classifier.unnamed !== true,
    randomInputs: (classifier.randomInputs ?? []).map((each) => each.name),
    ...understood(model),
    notices: [...notices],
    attackable: attack.obstacles.length === 0,
    obstacles: attack.obstacles.map((each: Obstacle) => ({ ...each })),
    flat: attack.flat.map((each) => ({ ...each })),
    parameters: elementsOf(graph, classifier.parameters),
    constants: elementsOf(graph, graph.initializers.keys()),
    multiplyAdds: operations?.multiplyAdds ?? null,
    flops: operations?.flops ?? null,
    memory: memory ?? null,
    operators: countOperators(graph),
    taps: classifier.taps.map((tap) => ({ name: tap.name, value: printValue(graph.values.get(tap.value)!) })),
  };
}

function measured(
  classifier: Classifier,
  { step }: Attackability,
  { bound, batchSize }: { readonly bound: number; readonly batchSize: number },
): { operations?: Operations; memory?: MemoryEstimate } {
  // A model that cannot be bound is reported as an obstacle.
  if (step === undefined) return tryCounting(classifier, bound);
  const { graph: forward } = bindBatch(classifier, bound);
  const operations = countOperations(forward, bound);
  const images = fixedBatchSize(classifier) ?? batchSize;
  const rows = imagesPerRun(classifier, images);
  return { operations, memory: estimateMemory({ forward, step }, { bound, batchSize: images, rows }) };
}

function tryCounting(classifier: Classifier, bound: number): { operations?: Operations } {
  try {
    return { operations: countOperations(bindBatch(classifier, bound).graph, bound) };
  } catch {
    return {};
  }
}

function understood({
  classifier,
  given,
  pixels,
}: InspectedModel): Pick<ModelInspection, "layout" | "pixels" | "normalisation"> {
  const { layout, normalisation } = imageEntry(classifier.graph, classifier.image, classifier.channels);
  return {
    layout: { value: layout, why: given.layout ? "given" : layout === "NCHW" ? "its input" : "in the graph" },
    pixels,
    normalisation:
      normalisation === undefined
        ? null
        : {
            mean: [...normalisation.mean],
            std: [...normalisation.std],
            nodes: [...normalisation.nodes],
            why: given.normalisation ? "given" : "in the graph",
          },
  };
}

function elementsOf({ initializers }: Graph<Dim>, names: Iterable<string>): number {
  return [...names].reduce((sum, each) => sum + (initializers.get(each)?.data.length ?? 0), 0);
}

/** The most common first. */
function countOperators({ nodes }: Graph<Dim>): OperatorCount[] {
  const counts = new Map<string, OperatorCount>();
  for (const { op, straightThrough = false } of nodes) {
    const known = counts.get(op);
    counts.set(op, { op, count: (known?.count ?? 0) + 1, differentiates: !isFlat(op) || straightThrough });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || a.op.localeCompare(b.op, "en"));
}
