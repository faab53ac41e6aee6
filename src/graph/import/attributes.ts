import type { Attribute, ModelNode } from "../../onnx/index.js";
import { isKnownOp, OP_CATALOGUE } from "../catalogue/index.js";
import type { AttributeValue } from "../graph.js";
import type { AttributeKind, AttributeSpec } from "../infer.js";
import { Unsupported, type RawNode } from "./raise.js";

/** Kinds in a file where it is not the catalogue that says them: of older opsets, and where ours differ. */
const OF_OLDER_OPSETS: ReadonlyMap<string, AttributeKind> = new Map<string, AttributeKind>([
  ["axes", "ints"],
  ["pads", "ints"],
  ["paddings", "ints"],
  ["split", "ints"],
  ["starts", "ints"],
  ["ends", "ints"],
  ["shape", "ints"],
  ["min", "float"],
  ["max", "float"],
  ["alpha", "float"],
  ["ratio", "float"],
  ["value", "float"],
  ["spatial", "int"],
  ["is_test", "int"],
  ["training_mode", "int"],
  ["broadcast", "int"],
]);

/**
 * A node's attributes as values, each of the kind that its op asks for: this is the one place where a file's are looked
 * at, so that whoever reads them later finds what the catalogue promises.
 *
 * @throws Unsupported naming the attribute of another kind.
 */
export function plainAttributes(node: ModelNode): RawNode["attributes"] {
  const attributes: [string, AttributeValue][] = [];
  for (const [name, attribute] of node.attributes) {
    attributes.push([name, plain(name, attribute, kindOf(node.opType, name))]);
  }
  return Object.fromEntries(attributes);
}

function kindOf(op: string, name: string): AttributeKind | undefined {
  // A number in the file, the name of a type here.
  if (op === "Cast" && name === "to") return "int";
  return specsOf(op).get(name)?.kind ?? OF_OLDER_OPSETS.get(name);
}

function specsOf(op: string): ReadonlyMap<string, AttributeSpec> {
  return new Map(isKnownOp(op) ? Object.entries(OP_CATALOGUE[op].attributes) : []);
}

function plain(name: string, attribute: Attribute, kind: AttributeKind | undefined): AttributeValue {
  const shown = `its attribute "${name.slice(0, 40)}"`;
  if (attribute.kind === "graph" || attribute.kind === "reference") {
    throw new Unsupported(`${shown} is a ${attribute.kind}`);
  }
  if (kind !== undefined && attribute.kind !== kind) {
    throw new Unsupported(`${shown} is of kind ${attribute.kind}, expected ${kind}`);
  }
  return attribute.value;
}

/** @throws Unsupported naming an attribute that the catalogue does not know. */
export function checkAttributes({ op, attributes }: RawNode): void {
  if (!isKnownOp(op)) throw new Unsupported("this op is not known");
  const specs = specsOf(op);
  for (const name of Object.keys(attributes)) {
    if (!specs.has(name)) throw new Unsupported(`its attribute "${name.slice(0, 40)}" is not known`);
  }
}
