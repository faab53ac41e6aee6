import { dtypeOfCode, type Attribute, type ModelNode } from "../../onnx/index.js";
import { isStandardOp, specOf } from "../catalogue/index.js";
import type { AttributeSpec, AttributeSpecs } from "../attributes.js";
import type { AttributeValue } from "../graph.js";
import { Unsupported, type Raise, type RawNode } from "./raise.js";

/**
 * Reads a node's attributes as plain values. Each must be known and of the kind that its op requires. This is the only
 * place that checks the attributes of a file, so later code can rely on the catalogue.
 *
 * @param raised the conversion of its op, which lists the attributes of older opsets.
 * @throws Unsupported naming an attribute that is unknown or of the wrong kind.
 */
export function plainAttributes(node: ModelNode, raised: Raise | undefined): RawNode["attributes"] {
  const specs: AttributeSpecs = { ...ownAttributes(node.opType), ...raised?.attributes };
  const attributes: [string, AttributeValue][] = [];
  for (const [name, attribute] of node.attributes) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    attributes.push([name, plain(name, attribute, spec)]);
  }
  return Object.fromEntries(attributes);
}

/** Attributes that the op has in the internal opset. */
export function ownAttributes(op: string): AttributeSpecs {
  return isStandardOp(op) ? specOf(op).attributes : {};
}

function plain(name: string, attribute: Attribute, spec: AttributeSpec | undefined): AttributeValue {
  const shown = `its attribute "${name.slice(0, 40)}"`;
  if (attribute.kind === "graph" || attribute.kind === "reference") {
    throw new Unsupported(`${shown} is a ${attribute.kind}`);
  }
  if (spec === undefined) throw new Unsupported(`${shown} is not known`);
  // A type is a number in the file and a name here.
  const kind = spec.kind === "dtype" ? "int" : spec.kind;
  if (attribute.kind !== kind) {
    throw new Unsupported(`${shown} is of kind ${attribute.kind}, expected ${kind}`);
  }
  if (spec.kind !== "dtype") return attribute.value;
  const dtype = dtypeOfCode(attribute.value as number);
  if (dtype === undefined) throw new Unsupported(`${name} = ${attribute.value as number}`);
  return dtype;
}
