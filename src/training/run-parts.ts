import type { Classifier } from "../models/index.js";
import type { Feeds, Program } from "../runtime/index.js";
import { sizeOf, tensor, type Tensor } from "../tensor/index.js";
import type { UpdateGraph } from "./update-graph.js";
import { UPDATE } from "./update-names.js";

/** The programs of an update whose batch is computed in parts. */
export interface Parts {
  readonly count: number;
  /** The gradient of one part. */
  readonly part: Program;
  /** The step along their sum. */
  readonly step: Program;
}

/**
 * Runs an update in parts. The outputs are those of the whole update, including the logits of all images.
 *
 * @param feeds of the whole batch.
 */
export async function runInParts(
  { count, part, step }: Parts,
  classifier: Classifier,
  update: UpdateGraph,
  feeds: Feeds,
): Promise<Readonly<Record<string, Tensor>>> {
  const carried = new Map<string, Tensor>();
  for (const { name, shape } of part.inputs) {
    if (feeds[name] === undefined) carried.set(name, tensor("float32", shape));
  }
  const rows = new Set([classifier.image, ...(classifier.randomInputs ?? []).map(({ name }) => name)]);
  const scalars = [UPDATE.loss, ...update.terms.map(UPDATE.term)];
  const totals = new Map(scalars.map((name) => [name, 0]));
  const logits: Float32Array[] = [];
  for (let i = 0; i < count; i++) {
    const own = part.inputs.map(({ name }): [string, Tensor] => {
      const fed = carried.get(name) ?? feeds[name]!;
      const halves = rows.has(name) ? update.halves.length : name === UPDATE.oneHot ? 1 : 0;
      return [name, halves === 0 ? fed : partOf(fed, { halves, count, place: i })];
    });
    const outputs = await part.run(Object.fromEntries(own));
    for (const { name } of part.inputs) {
      const next = outputs[UPDATE.next(name)];
      if (next !== undefined) carried.set(name, next);
    }
    for (const [name, total] of totals) {
      totals.set(name, total + (outputs[name]!.data as Float32Array)[0]! / count);
    }
    logits.push(outputs[UPDATE.logits]!.data as Float32Array);
  }
  const all: Feeds = { ...feeds, ...Object.fromEntries(carried) };
  const stepped = await step.run(Object.fromEntries(step.inputs.map(({ name }) => [name, all[name]!])));
  return {
    ...stepped,
    ...Object.fromEntries(Array.from(carried, ([name, value]) => [UPDATE.next(name), value])),
    ...Object.fromEntries(
      Array.from(totals, ([name, total]) => [name, tensor("float32", [], Float32Array.of(total))]),
    ),
    [UPDATE.logits]: joined(logits, classifier.classNames.length),
  };
}

/** Rows of one part of each half, one after the other. */
function partOf(
  { dtype, shape, data }: Tensor,
  { halves, count, place }: { readonly halves: number; readonly count: number; readonly place: number },
): Tensor {
  const size = shape[0]! / halves / count;
  const row = sizeOf(shape.slice(1));
  const part = tensor(dtype, [size * halves, ...shape.slice(1)]);
  for (let half = 0; half < halves; half++) {
    const start = (half * count + place) * size * row;
    part.data.set(data.subarray(start, start + size * row) as never, half * size * row);
  }
  return part;
}

function joined(parts: readonly Float32Array[], classes: number): Tensor {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return tensor("float32", [length / classes, classes], all);
}
