import type { Feeds, Program } from "../runtime/index.js";
import { sizeOf, tensor } from "../tensor/index.js";
import type { Answer, Query } from "./asking.js";
import { STEP } from "./pgd-step.js";

/**
 * Runs a program with one row per image on the rows of several queries, and returns each query its
 * own rows. The last query is repeated to fill the batch.
 *
 * @param options.image the program's name for {@link STEP.image}.
 * @param options.whole inputs without rows: weights, and draws of a randomised classifier.
 */
export async function runRows(
  program: Program,
  queries: readonly Query[],
  {
    image,
    whole,
    fetch,
  }: { readonly image: string; readonly whole: Feeds; readonly fetch?: readonly string[] | undefined },
): Promise<Answer[]> {
  const feeds: Record<string, ReturnType<typeof tensor>> = { ...whole };
  for (const { name, shape } of program.inputs) {
    if (Object.hasOwn(whole, name)) continue;
    const size = sizeOf(shape.slice(1));
    const data = new Float32Array(shape[0]! * size);
    for (let i = 0; i < shape[0]!; i++) {
      const row = (queries[i] ?? queries.at(-1)!).rows[name === image ? STEP.image : name];
      if (row?.length !== size) {
        throw new RangeError(
          `${program.name}: input "${name}" takes ${size} numbers per image, found ${row?.length}`,
        );
      }
      data.set(row, i * size);
    }
    feeds[name] = tensor("float32", shape, data);
  }
  const outputs = await program.run(feeds, fetch);
  return queries.map((_, i) =>
    Object.fromEntries(
      Object.entries(outputs).map(([name, { data, shape }]) => {
        const size = sizeOf(shape.slice(1));
        // A copy, so that an attack that keeps it does not keep the whole batch alive.
        return [name, (data as Float32Array).slice(i * size, (i + 1) * size)];
      }),
    ),
  );
}
