import type { Tensor } from "../tensor/index.js";
import type { AttributeValue, Dim, Graph, Node, Value } from "./graph.js";

/**
 * Prints a graph as text, with one line per node:
 *
 *     graph tiny(image: float32[N, 1, 28, 28]) {
 *       # 2 initializers, 1.2 k elements
 *       conv1: float32[N, 8, 14, 14] = Conv(image, conv1.weight; strides=[2, 2])
 *       return conv1
 *     }
 */
export function printGraph(graph: Graph<Dim>): string {
  const value = (name: string): string => {
    const found = graph.values.get(name);
    return found === undefined ? `${name}: ?` : printValue(found);
  };
  const elements = [...graph.initializers.values()].reduce((sum, { data }) => sum + data.length, 0);
  const lines = [
    `graph ${graph.name}(${graph.inputs.map(value).join(", ")}) {`,
    `  # ${graph.initializers.size} initializers, ${formatCount(elements)} elements`,
    ...graph.nodes.map((node) => `  ${printNode(node, graph, value)}`),
    `  return ${graph.outputs.join(", ")}`,
    "}",
  ];
  return lines.join("\n");
}

/** `name: float32[N, 10]` */
export function printValue({ name, dtype, shape }: Value<Dim>): string {
  return `${name}: ${dtype}[${shape.join(", ")}]`;
}

function printNode(node: Node, graph: Graph<Dim>, value: (name: string) => string): string {
  const outputs = node.outputs.map((name) => (name === "" ? "_" : value(name))).join(", ");
  const inputs = node.inputs.map((name) => printOperand(name, graph)).join(", ");
  const attributes = Object.entries(node.attributes).map(([name, each]) => `${name}=${printAttribute(each)}`);
  const given = [inputs, attributes.join(", ")].filter((part) => part !== "").join("; ");
  return `${outputs} = ${node.op}(${given})`;
}

/** Small unnamed constants are shown by value. */
function printOperand(name: string, graph: Graph<Dim>): string {
  if (name === "") return "_";
  const data = graph.initializers.get(name);
  return data !== undefined && /^constant(_\d+)?$/.test(name) && data.data.length <= 8
    ? printTensor(data)
    : name;
}

function printAttribute(value: AttributeValue): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  return printTensor(value as Tensor);
}

function printTensor({ data, shape }: Tensor): string {
  const elements = Array.from(data as ArrayLike<number | bigint>, (each) => String(Number(each)));
  if (shape.length === 0) return elements[0]!;
  return elements.length <= 8 ? `[${elements.join(", ")}]` : `tensor[${shape.join(", ")}]`;
}

/** 1234 → `1.2 k` */
export function formatCount(count: number): string {
  if (count < 1000) return String(count);
  const [scale, unit] = count < 1e6 ? [1e3, "k"] : count < 1e9 ? [1e6, "M"] : [1e9, "G"];
  return `${(count / scale).toFixed(1)} ${unit}`;
}
