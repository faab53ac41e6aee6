import { sizeOf, type Tensor } from "../../tensor/index.js";
import { factorsOf } from "../dims.js";
import type { Dim, Value } from "../graph.js";
import { Unsupported } from "./raise.js";

/** Most elements of one value per image. A ViT-L's attention on 1024 × 1024 pixels has half as many: 16 · 4097². */
const LARGEST_MAP = 2 ** 29;
/** Elements that a file may compute from its constants alone, in addition to eight times those that it contains. */
const CONSTANT_ELEMENTS = 2 ** 26;
const CONSTANT_COPIES = 8;

/**
 * Checks the outputs of each node; `varies` says whether they depend on the image.
 *
 * @throws Unsupported if they are larger than those of any classifier.
 */
export type CheckSize = (varies: boolean, outputs: readonly Value<Dim>[]) => void;

/**
 * Limits what a file of a few hundred bytes can ask for. No value may be larger than those of the largest classifiers,
 * and values computed from constants alone may not be much larger than the constants in the file.
 */
export function sizeLimits(inputs: readonly Value<Dim>[], constants: Iterable<Tensor>): CheckSize {
  const batch = inputs.reduce(
    (most, { shape: [first] }) => (typeof first === "number" ? Math.max(most, first) : most),
    1,
  );
  let stored = 0;
  for (const { data } of constants) stored += data.length;
  const allowed = CONSTANT_ELEMENTS + CONSTANT_COPIES * stored;
  let computed = 0;
  return (varies, outputs) => {
    for (const { shape } of outputs) {
      const size = sizeOf(shape.map((dim) => factorsOf(dim).factor));
      if (!varies) computed += size;
      const shown = `gives [${shape.join(", ")}]`;
      if (varies && size > LARGEST_MAP * batch) {
        throw new Unsupported(`${shown}; a value may have at most ${LARGEST_MAP} elements per image`);
      }
      if (computed > allowed) {
        throw new Unsupported(
          `${shown}, which brings values computed from constants to ${computed} elements; the limit is ${allowed}`,
        );
      }
    }
  };
}
