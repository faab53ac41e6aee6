/** The first run of every kind of program on a device is held against the CPU. */
import { InputError } from "../../errors/index.js";
import { deadCode, GraphBuilder, valueOf, type Graph } from "../../graph/index.js";
import { createGenerator, sizeOf, tensor, type Tensor } from "../../tensor/index.js";
import type { DeviceName } from "../devices.js";
import type { CompileOptions, Feeds, Program } from "../program.js";
import { CLOSE, disagreement, type Disagreement } from "./agreement.js";

export type Compiler = (graph: Graph, options?: CompileOptions) => Promise<Program>;

export interface Checked {
  readonly name: DeviceName;
  /** Compiles for the device. */
  readonly onDevice: Compiler;
  /** Compiles for the CPU. */
  readonly onCpu: Compiler;
}

/** Relative change of feeds that stands for rounding. */
const ROUNDING = 2 ** -20;
/** Numbers of a graph up to which the node that differs is looked for: each is held twice. */
const SEARCHED = 2 ** 27;

/**
 * A compiler for a device whose programs are checked: before a program's first run gives anything, the CPU computes the same from the
 * same feeds, unless a program of this form was checked already. Every step of a training or an attack begins with such a run.
 *
 * The run throws InputError where they disagree, with the largest difference and the node that it begins with.
 */
export function selfChecked(device: Checked): Compiler {
  const checked = new Set<string>();
  return async (graph, options) => {
    const program = await device.onDevice(graph, options);
    const form = formOf(graph);
    if (checked.has(form)) return program;
    return {
      ...program,
      async run(feeds, fetch) {
        if (checked.has(form)) return program.run(feeds, fetch);
        const outputs = await program.run(feeds);
        await check(device, { graph, options, feeds, outputs });
        checked.add(form);
        return fetch === undefined
          ? outputs
          : Object.fromEntries(fetch.map((name) => [name, outputs[name]!]));
      },
    };
  };
}

/** What programs of other weights have in common. */
export function formOf(graph: Graph): string {
  const typed = (name: string): unknown => {
    const { dtype, shape } = valueOf(graph, name);
    return [name, dtype, shape];
  };
  return JSON.stringify([
    graph.inputs.map(typed),
    graph.outputs.map(typed),
    graph.nodes.map(({ op, inputs }) => [op, inputs.length]),
  ]);
}

interface FirstRun {
  readonly graph: Graph;
  readonly options: CompileOptions | undefined;
  readonly feeds: Feeds;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

async function check(device: Checked, { graph, options, feeds, outputs }: FirstRun): Promise<void> {
  const cpu = await device.onCpu(graph, options);
  let found: Disagreement | undefined;
  try {
    // A kernel may write over what it is fed.
    const expected = await cpu.run(feeds);
    found = disagreement(expected, outputs, await cpu.run(rounded(feeds)));
  } finally {
    await cpu.dispose();
  }
  if (found === undefined) return;
  const node = await firstToDiffer(device, graph, feeds).catch(() => undefined);
  const { output, share, allowed, difference, greatest } = found;
  throw new InputError({
    place: `device ${device.name}, graph "${graph.name}"`,
    problem:
      `computes something else than the CPU: ${percent(share)} of output "${output}" are off by more than ${CLOSE} of its greatest ` +
      `(${percent(allowed)} may be); the largest difference is ${difference.toPrecision(3)}, the greatest value ${greatest.toPrecision(3)}` +
      (node === undefined ? "" : `; it begins at node ${node}`),
    remedy: "Give --device cpu. A newer graphics driver may help; so may another opset of the model.",
  });
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** Feeds whose floats are changed in their last bits. */
function rounded(feeds: Feeds): Feeds {
  const random = createGenerator(0);
  return Object.fromEntries(
    Object.entries(feeds).map(([name, fed]) => {
      if (fed.dtype !== "float32" || sizeOf(fed.shape) === 1) return [name, fed];
      const change = random.stream(name).fillUniform(new Float32Array(fed.data.length), -1, 1);
      const data = (fed.data as Float32Array).map((value, i) => value * (1 + ROUNDING * change[i]!));
      return [name, tensor("float32", fed.shape, data)];
    }),
  );
}

/** The first node, in their order, of which an output is not as the CPU has it; undefined where there are too many numbers to look. */
async function firstToDiffer(
  { onDevice, onCpu }: Checked,
  graph: Graph,
  feeds: Feeds,
): Promise<string | undefined> {
  const made = graph.nodes.flatMap(({ outputs }) => outputs.filter((name) => graph.values.has(name)));
  const floats = made.filter((name) => valueOf(graph, name).dtype === "float32");
  const numbers = floats.reduce((sum, name) => sum + sizeOf(valueOf(graph, name).shape), 0);
  if (numbers > SEARCHED) return undefined;
  const g = GraphBuilder.from(graph, { keepOutputs: false });
  for (const name of floats) g.output(g.value(name), name);
  const whole = deadCode(g.build());
  const plain = { optimization: "disabled" } as const;
  const run = async (compiler: Compiler, fed: Feeds): Promise<Record<string, Tensor>> => {
    const program = await compiler(whole, plain);
    try {
      return await program.run(fed);
    } finally {
      await program.dispose();
    }
  };
  const expected = await run(onCpu, feeds);
  const found = await run(onDevice, feeds);
  const again = await run(onCpu, rounded(feeds));
  const node = graph.nodes.find(({ outputs }) =>
    outputs.some((name) => {
      const only = (all: Record<string, Tensor>): Record<string, Tensor> => ({ [name]: all[name]! });
      return name in expected && disagreement(only(expected), only(found), only(again)) !== undefined;
    }),
  );
  return node && `"${node.name}" (${node.op})`;
}
