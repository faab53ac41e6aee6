import { InputError } from "../../errors/index.js";
import type { Model, ModelNode, ValueInfo } from "../../onnx/index.js";
import { int64, toNumbers, type RandomGenerator, type Tensor } from "../../tensor/index.js";
import { findHead, type HeadTensor } from "../find-head.js";
import { linearUniform } from "../initialise.js";
import type { Classifier } from "../classifier.js";
import { asType } from "./half.js";

/**
 * The model with a new last layer for other classes, drawn like PyTorch's Linear: U(−1/√in, 1/√in), from one stream per
 * tensor name. Everything after it (Reshapes with the number of classes, the outputs' shapes) is adapted.
 *
 * @throws InputError if the logits do not come from such a layer, or its weights are also used elsewhere.
 */
export function withNewHead(
  model: Model,
  classifier: Classifier,
  {
    place,
    classes,
    random,
  }: { readonly place: string; readonly classes: number; readonly random: RandomGenerator },
): Model {
  const head = findHead(classifier);
  const refuse = (problem: string): never => {
    throw new InputError({
      place,
      problem,
      remedy: "Train it on data with its own classes (--head keep), or export it with a linear last layer.",
    });
  };
  if (head === undefined) {
    return refuse(`its logits ("${classifier.logits}") do not come from a linear layer that can be replaced`);
  }
  const { initializers } = model.graph;
  const old = classifier.classNames.length;
  const weight = initializers.get(head.weight.name)!;
  const inner = weight.data.length / old;
  const replaced = new Map(initializers);
  for (const part of [head.weight, ...(head.bias ? [head.bias] : [])]) {
    const data = initializers.get(part.name)!;
    const readers = model.graph.nodes.filter(({ inputs }) => inputs.includes(part.name));
    if (readers.length !== 1)
      refuse(`the weights of its last layer ("${part.name}") are also used elsewhere`);
    replaced.set(part.name, drawn(part, data, { old, classes, inner, random }, refuse));
  }
  return withClasses(
    { ...model, graph: { ...model.graph, initializers: replaced } },
    head.weight,
    old,
    classes,
  );
}

interface Draw {
  readonly old: number;
  readonly classes: number;
  /** Number of inputs of each logit. */
  readonly inner: number;
  readonly random: RandomGenerator;
}

function drawn(
  { name, axis }: HeadTensor,
  { shape, dtype }: Tensor,
  { old, classes, inner, random }: Draw,
  refuse: (problem: string) => never,
): Tensor {
  if (shape[axis] !== old) {
    refuse(`the weights of its last layer ("${name}", [${shape.join(", ")}]) do not have an axis of classes`);
  }
  const wanted = shape.map((dim, i) => (i === axis ? classes : dim));
  return asType(dtype, linearUniform(random, name, wanted, inner));
}

/** Adapts everything computed from the last layer to the new number of classes. */
function withClasses(model: Model, { name }: HeadTensor, old: number, classes: number): Model {
  const { graph } = model;
  const after = new Set([name]);
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.map((node): ModelNode => {
    if (!node.inputs.some((input) => after.has(input))) return node;
    for (const output of node.outputs) after.add(output);
    const target = node.opType === "Reshape" ? initializers.get(node.inputs[1] ?? "") : undefined;
    const dims = target === undefined ? [] : toNumbers(target);
    if (!dims.includes(old)) return node;
    let shape = `${node.outputs[0]!}.classes`;
    while (initializers.has(shape)) shape += "_";
    initializers.set(
      shape,
      int64(
        [dims.length],
        dims.map((dim) => (dim === old ? classes : dim)),
      ),
    );
    return { ...node, inputs: [node.inputs[0]!, shape] };
  });
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const unread = graph.nodes.flatMap(({ inputs }) => inputs.filter((input) => !read.has(input)));
  for (const target of unread) initializers.delete(target);
  const outputs = graph.outputs.map((value): ValueInfo =>
    after.has(value.name) && value.shape !== undefined
      ? { ...value, shape: value.shape.map((dim, i) => (i > 0 && dim === old ? classes : dim)) }
      : value,
  );
  const valueInfo = graph.valueInfo.filter((value) => !after.has(value.name));
  return { ...model, graph: { ...graph, nodes, initializers, outputs, valueInfo } };
}
