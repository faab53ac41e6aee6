import { namesBehind, type Dim, type Graph, type Node } from "../../graph/index.js";
import { kindOf, KINDS, labelOf, resolutionOf, type Kind } from "./labels.js";

/** One box: consecutive operators without branches. */
export interface Box {
  readonly kind: Kind;
  readonly lines: readonly string[];
  /** Boxes of the same part that it reads, before it in their order. */
  readonly after: readonly number[];
  /** Whether it reads the input of the part. */
  readonly fromTop: boolean;
}

/** A section of the trunk: everything enters at its top and leaves at its end. */
export interface Part {
  readonly boxes: readonly Box[];
  readonly resolution: string;
  /** The same for two parts that look and compute alike. */
  readonly signature: string;
  readonly nodes: number;
}

/** Most boxes of a part to draw one by one: with more, its operators are counted. */
const MOST_BOXES = 48;

/** The parts of the trunk in order, starting at the image. */
export function partsOf(graph: Graph<Dim>, image: string): readonly Part[] {
  const own = namesBehind(graph, [image]);
  const nodes = graph.nodes.filter(({ outputs }) => outputs.some((name) => own.has(name)));
  return joined(stretches(nodes, image)).map((each) => partOf(graph, each, own));
}

/** Nodes between two values that everything passes. */
function stretches(nodes: readonly Node[], image: string): Node[][] {
  const lastUse = new Map<string, number>();
  nodes.forEach(({ inputs }, i) => inputs.forEach((name) => lastUse.set(name, i)));
  const found: Node[][] = [[]];
  let open = lastUse.get(image) ?? -1;
  nodes.forEach((node, i) => {
    found.at(-1)!.push(node);
    const closes = open <= i;
    for (const name of node.outputs) open = Math.max(open, lastUse.get(name) ?? -1);
    if (closes && i < nodes.length - 1) found.push([]);
  });
  return found;
}

const isSmall = (node: Node): boolean => !["convolution", "product", "pooling"].includes(kindOf(node));

/** Small operators join those before them: a BatchNormalization its convolution, a ReLU the sum. */
function joined(stretched: readonly Node[][]): Node[][] {
  const found: Node[][] = [];
  for (const nodes of stretched) {
    const before = found.at(-1);
    if (before !== undefined && nodes.every(isSmall)) before.push(...nodes);
    else found.push([...nodes]);
  }
  return found;
}

function partOf(graph: Graph<Dim>, nodes: readonly Node[], own: ReadonlySet<string>): Part {
  const runs = runsOf(nodes, own);
  const all = withEdges(graph, runs, own);
  const last = graph.values.get(nodes.at(-1)!.outputs[0]!)!.shape;
  const first = graph.values.get(nodes[0]!.inputs.find((name) => own.has(name))!)!.shape;
  const joint = denselyJoined(all);
  const boxes = joint.length > MOST_BOXES ? [summary(nodes)] : joint;
  const signature = JSON.stringify([all, first, last]);
  return { boxes, resolution: resolutionOf(last), signature, nodes: nodes.length };
}

/** Chains without a branch: each node is the only reader of the one before, and reads nothing else that is computed here. */
function runsOf(nodes: readonly Node[], own: ReadonlySet<string>): Node[][] {
  const readers = new Map<string, number>();
  for (const { inputs } of nodes)
    for (const name of new Set(inputs)) readers.set(name, (readers.get(name) ?? 0) + 1);
  const inside = new Set(nodes.flatMap(({ outputs }) => outputs));
  const runs = new Set<Node[]>();
  const endingIn = new Map<string, Node[]>();
  const ownInputs = ({ inputs }: Node): string[] => [...new Set(inputs.filter((name) => own.has(name)))];
  /** x · σ(x) and similar: a small operator that reads only x, joined with x again. */
  const gateOf = (node: Node, x: string, gate: string): Node[] | undefined => {
    const run = endingIn.get(gate);
    if (!isSmall(node) || run === undefined || !run.every(isSmall)) return undefined;
    const alone = run.every((each) =>
      ownInputs(each).every((name) => name === x || endingIn.get(name) === run),
    );
    return alone && readers.get(gate) === 1 && readers.get(x) === 2 ? run : undefined;
  };
  for (const node of nodes) {
    const [x, gate, more] = ownInputs(node) as [string, string?, string?];
    const gated =
      gate === undefined || more !== undefined ? undefined : (gateOf(node, x, gate) ?? gateOf(node, gate, x));
    let run = gate === undefined && readers.get(x) === 1 ? endingIn.get(x) : gated;
    const source = gated === undefined ? undefined : endingIn.get(ownInputs(gated[0]!)[0]!);
    if (source !== undefined && gated !== undefined) {
      source.push(...gated);
      runs.delete(gated);
      run = source;
    }
    run ??= [];
    runs.add(run);
    run.push(node);
    const made = node.outputs.filter((name) => inside.has(name));
    if (made.length === 1) endingIn.set(made[0]!, run);
  }
  return [...runs];
}

function boxOf(graph: Graph<Dim>, run: readonly Node[]): Pick<Box, "kind" | "lines"> {
  const kind = KINDS.find((each) => run.some((node) => kindOf(node) === each))!;
  const telling = run.filter((node) => kind === "moving" || kindOf(node) !== "moving");
  const lines: string[] = [];
  for (const node of telling) {
    const label = labelOf(graph, node);
    const line = lines.at(-1);
    // A convolution begins a line, and small operators follow it there.
    if (line === undefined || !isSmall(node) || line.length + label.length > 30) lines.push(label);
    else if (!line.endsWith(label)) lines[lines.length - 1] = `${line} · ${label}`;
  }
  return { kind, lines };
}

function withEdges(graph: Graph<Dim>, runs: readonly Node[][], own: ReadonlySet<string>): Box[] {
  const maker = new Map<string, number>();
  runs.forEach((run, i) => run.forEach(({ outputs }) => outputs.forEach((name) => maker.set(name, i))));
  return runs.map((run, i) => {
    const read = run.flatMap(({ inputs }) => inputs.filter((name) => own.has(name)));
    const after = new Set(read.flatMap((name) => maker.get(name) ?? []));
    after.delete(i);
    return { ...boxOf(graph, run), after: [...after], fromTop: read.some((name) => !maker.has(name)) };
  });
}

/** At least this many consecutive equal boxes that each read several before them, as in a DenseNet, become one. */
const DENSE = 3;

/** Replaces such sequences by one box with their number. */
function denselyJoined(boxes: readonly Box[]): Box[] {
  const place: number[] = [];
  const made: { box: Box; count: number }[] = [];
  boxes.forEach((box, i) => {
    const last = made.at(-1);
    const goesOn = box.after.includes(i - 1) && box.lines.join() === last?.box.lines.join();
    if (goesOn && endsDense(boxes, i)) last.count++;
    else made.push({ box, count: 1 });
    place.push(made.length - 1);
  });
  return made.map(({ box, count }, i) => {
    const after = [...new Set(box.after.map((each) => place[each]!))].filter((each) => each !== i);
    const lines = count === 1 ? box.lines : [...box.lines, `× ${count}, each reads all the ones before it`];
    return { ...box, lines, after };
  });
}

/** Whether the row that box `i` stands in comes to read {@link DENSE} boxes and more. */
function endsDense(boxes: readonly Box[], i: number): boolean {
  let end = i;
  while (boxes[end + 1]?.lines.join() === boxes[i]!.lines.join()) end++;
  return boxes[end]!.after.length >= DENSE;
}

/** A summary of a part that is too wide to draw: how often it has each operator. */
function summary(nodes: readonly Node[]): Box {
  const counts = new Map<string, number>();
  for (const node of nodes)
    if (kindOf(node) !== "moving") counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
  const kind = KINDS.find((each) => nodes.some((node) => kindOf(node) === each))!;
  const lines = [...counts].sort(([, a], [, b]) => b - a).map(([op, count]) => `${op} × ${count}`);
  return {
    kind,
    lines: [`${nodes.length} operators, densely connected`, ...lines.slice(0, 5)],
    after: [],
    fromTop: true,
  };
}
