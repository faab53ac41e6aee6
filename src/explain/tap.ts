import { InputError, suggestName } from "../errors/index.js";
import { producers } from "../graph/index.js";
import type { Classifier, Tap } from "../models/index.js";

/**
 * The tap called `name`, or the value of the graph, `[N, C, h, w]`; the last tap if no name is given.
 *
 * @throws InputError if there is none, listing the existing ones.
 */
export function findTap({ graph, taps, name: model }: Classifier, name?: string): Tap {
  const known =
    name === undefined ? taps.at(-1) : taps.find((tap) => tap.name === name || tap.value === name);
  if (known !== undefined) return known;
  const maps = [...producers(graph).keys()].filter((each) => graph.values.get(each)!.shape.length === 4);
  if (name !== undefined && maps.includes(name)) return { name, value: name };
  const names = [...taps.map((tap) => tap.name), ...maps];
  throw new InputError({
    place: name === undefined ? `model ${model}` : `tap "${name}"`,
    problem:
      name === undefined
        ? "has no activation [N, C, h, w] that every path goes through; Grad-CAM and attention need one"
        : "is neither a tap nor a value [N, C, h, w] of the graph",
    remedy:
      name !== undefined && names.length > 0
        ? suggestName(name, names.slice(0, 100))
        : "Name one with --tap, or choose --method integrated-gradients or saliency.",
  });
}
