import { attributesOf, isNode, type Dim, type Graph, type Node } from "../graph/index.js";

/** What a graph does to its image before its first layer: u = (x − mean) / std per channel. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** The nodes that do it. */
  readonly nodes: readonly string[];
}

/** What happens to the image first. */
export interface ImageEntry {
  /** Order of the axes that the layers see. */
  readonly layout: "NCHW" | "NHWC";
  /** Undefined if pixels in [0, 1] reach the first layer unchanged. */
  readonly normalisation: Normalisation | undefined;
}

/** Ops that do not change the values. */
const UNCHANGED: ReadonlySet<string> = new Set(["Identity", "Cast", "Transpose", "Dropout"]);

/**
 * Follows the image through shifts, scales and transpositions to its first layer, to find normalisation in the graph and
 * the layout that the layers see. Only one number per channel, or one for all, counts.
 */
export function imageEntry({ nodes, initializers }: Graph<Dim>, image: string, channels: number): ImageEntry {
  const [scale, shift] = [
    Array.from({ length: channels }, () => 1),
    Array.from({ length: channels }, () => 0),
  ];
  let [name, axis] = [image, 1];
  const passed: string[] = [];
  for (;;) {
    const users = nodes.filter(({ inputs }) => inputs.includes(name));
    const node = users.length === 1 ? users[0]! : undefined;
    if (node === undefined) break;
    if (isNode(node, "Transpose")) axis = attributesOf(node).perm?.indexOf(axis) ?? axis;
    else if (!UNCHANGED.has(node.op)) {
      const operand = initializers.get(node.inputs.find((input) => input !== name) ?? "");
      const data = operand === undefined ? undefined : perChannel(operand, axis, channels);
      if (data === undefined || !applies(node, name, data, scale, shift)) break;
      passed.push(node.name);
    }
    name = node.outputs[0]!;
  }
  return {
    layout: axis === 3 ? "NHWC" : "NCHW",
    normalisation:
      passed.length === 0 || scale.includes(0)
        ? undefined
        : {
            mean: scale.map((factor, c) => rounded(-shift[c]! / factor)),
            std: scale.map((factor) => rounded(1 / factor)),
            nodes: passed,
          },
  };
}

/** A constant as one number per channel; undefined for anything else. */
function perChannel(
  { shape, data }: { readonly shape: readonly number[]; readonly data: ArrayLike<number | bigint> },
  axis: number,
  channels: number,
): readonly number[] | undefined {
  if (data.length !== 1 && (data.length !== channels || shape[shape.length - 4 + axis] !== channels)) {
    return undefined;
  }
  return Array.from({ length: channels }, (_, c) => Number(data[data.length === 1 ? 0 : c]));
}

/** Applies the node to u = scale · x + shift; false if it is not of that form. */
function applies(node: Node, name: string, by: readonly number[], scale: number[], shift: number[]): boolean {
  const first = node.inputs[0] === name;
  const sign = node.op === "Sub" ? -1 : 1;
  for (let c = 0; c < scale.length; c++) {
    const value = by[c]!;
    if (node.op === "Add" || (node.op === "Sub" && first)) shift[c]! += sign * value;
    else if (node.op === "Sub") [scale[c], shift[c]] = [-scale[c]!, value - shift[c]!];
    else if (node.op === "Mul" || (node.op === "Div" && first)) {
      const factor = node.op === "Mul" ? value : 1 / value;
      [scale[c], shift[c]] = [scale[c]! * factor, shift[c]! * factor];
    } else return false;
  }
  return true;
}

/** To six digits, the precision of float32. */
function rounded(value: number): number {
  return Number(value.toPrecision(6)) + 0;
}
