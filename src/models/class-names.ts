import { InputError } from "../errors/index.js";
import type { Model } from "../onnx/index.js";
import type { Classifier } from "./classifier.js";
import { foreignNames } from "./foreign-names.js";
import type { LoadOptions } from "./load.js";

/** The class names of a foreign file. @throws InputError if more or fewer names were given than it has logits. */
export function classNamesOf(
  model: Model,
  classes: number,
  place: string,
  options: LoadOptions,
): Pick<Classifier, "classNames" | "unnamed"> {
  return namesOf(classes, place, namesBeside(model, classes, options), options);
}

/** Class names from the foreign file itself or from a list beside it, if there are as many as logits. */
function namesBeside(
  model: Model,
  classes: number,
  { classNames, namesBeside: lists = [], onNotice }: LoadOptions,
): readonly string[] | undefined {
  if (classNames !== undefined) return undefined;
  const inside = foreignNames(model.metadata);
  if (inside?.names?.length === classes) return inside.names;
  if (inside !== undefined) {
    onNotice?.(
      inside.names === undefined
        ? `its metadata ("${inside.key}") cannot be read as class names and is ignored`
        : `its metadata ("${inside.key}") names ${inside.names.length} classes, but it has ${classes} logits: the names are ignored`,
    );
  }
  const listed = listedNames(model, classes);
  if (listed !== undefined) return listed;
  for (const { place, names } of lists) {
    if (names.length === classes) {
      onNotice?.(`its class names come from ${place}`);
      return names;
    }
    onNotice?.(`${place} names ${names.length} classes, but it has ${classes} logits: the names are ignored`);
  }
  return undefined;
}

/** The names that a node of ONNX's operators for machine learning lists, such as a ZipMap. */
function listedNames({ graph }: Model, classes: number): readonly string[] | undefined {
  for (const { domain, attributes } of graph.nodes) {
    const names = attributes.get("classlabels_strings");
    if (domain === "ai.onnx.ml" && names?.kind === "strings" && names.value.length === classes)
      return names.value;
  }
  return undefined;
}

export function namesOf(
  classes: number,
  place: string,
  own: readonly string[] | undefined,
  options: LoadOptions,
): Pick<Classifier, "classNames" | "unnamed"> {
  const given = options.classNames ?? own;
  if (given === undefined) {
    return { classNames: Array.from({ length: classes }, (_, k) => String(k)), unnamed: true };
  }
  if (given.length === classes) return { classNames: given };
  throw new InputError({
    place,
    problem: `has ${classes} logits, but ${given.length} class names were given`,
    remedy: "Give one name per logit.",
  });
}
