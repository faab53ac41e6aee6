/** Short ways to write a seed. */
import type { Attribute, ModelNode } from "../../src/onnx/index.js";
import { float32, type Tensor } from "../../src/tensor/index.js";
import { node as nodeOf } from "../model.js";

/** `"Op a, b -> c, d"`, with its attributes. */
export function node(line: string, attributes: Readonly<Record<string, Attribute>> = {}): ModelNode {
  const [, opType, from, to] = /^(\w+) (.*) -> (.*)$/.exec(line)!;
  const names = (list: string): string[] => list.split(", ").map((name) => (name === "-" ? "" : name));
  return nodeOf(opType!, names(from!), names(to!), attributes);
}

export const weights = (...shape: number[]): Tensor =>
  float32(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 1)),
  );
