import { InputError, suggestName } from "../errors/index.js";
import type { Model, ValueInfo } from "../onnx/index.js";
import { isFloat } from "../tensor/index.js";
import type { LoadOptions } from "./load.js";

/** Names that exporters give to one number per class. */
const SCORES = /logit|prob|score|softmax/i;

/**
 * The model with the one output that gives the logits: the given one, or the only one that can have a number per class
 * for each image. If several can, a name such as "logits" decides.
 *
 * @throws InputError if that is not clear.
 */
export function withOneOutput(
  model: Model,
  place: string,
  { output, onNotice }: Pick<LoadOptions, "output" | "onNotice">,
): Model {
  const { outputs } = model.graph;
  const wanted =
    outputs.find(({ name }) => name === output) ?? (output === undefined ? likely(outputs) : undefined);
  if (wanted === undefined) throw unclear(outputs, place, output);
  if (output === undefined && outputs.length > 1) {
    const others = outputs.filter((each) => each !== wanted).map(({ name }) => `"${name}"`);
    onNotice?.(
      `${place}: of its outputs, "${wanted.name}" looks like one number per class; ${others.join(", ")} ` +
        `${others.length === 1 ? "is" : "are"} ignored (--output)`,
    );
  }
  return { ...model, graph: { ...model.graph, outputs: [wanted] } };
}

function likely(outputs: readonly ValueInfo[]): ValueInfo | undefined {
  if (outputs.length === 1) return outputs[0];
  const possible = outputs.filter(({ dtype, shape }) => {
    const [, classes, ...rest] = shape ?? ["", ""];
    return isFloat(dtype) && classes !== undefined && classes !== 1 && rest.every((dim) => dim === 1);
  });
  if (possible.length === 1) return possible[0];
  const named = possible.filter(({ name }) => SCORES.test(name));
  return named.length === 1 ? named[0] : undefined;
}

function unclear(outputs: readonly ValueInfo[], place: string, output: string | undefined): InputError {
  const names = outputs.map(({ name }) => name);
  if (output !== undefined) {
    return new InputError({
      place,
      problem: `has no output "${output}"`,
      remedy: suggestName(output, names),
    });
  }
  const shown = outputs
    .slice(0, 20)
    .map(({ name, shape }) => `${name}${shape === undefined ? "" : ` [${shape.join(", ")}]`}`);
  return new InputError({
    place,
    problem: `has ${names.length} outputs: ${shown.join(", ")}`,
    remedy: "Choose the one with one logit per class: --output <name> (output).",
  });
}
