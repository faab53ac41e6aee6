import type { Graph } from "../src/graph/index.js";
import { writeModel, type Attribute, type Model, type ModelNode } from "../src/onnx/index.js";
import { BLOCKED_DOMAIN } from "../src/runtime/lowering/convolution/block-size.js";
import { sizeOf, tensor, type Tensor } from "../src/tensor/index.js";
import { openOriginal } from "./original.js";

type Values = Readonly<Record<string, Tensor>>;

/**
 * Runs a model of the blocked layout node by node, the layout's operators by ONNX's on plain maps: so blocks of any size can be
 * checked on any processor. What ONNX Runtime's kernels would refuse is refused here.
 *
 * @param graph the one that the model was made of, for types.
 */
export async function runBlocked(model: Model, graph: Graph, block: number, feeds: Values): Promise<Values> {
  const values = new Map<string, Tensor>([...model.graph.initializers, ...Object.entries(feeds)]);
  for (const node of model.graph.nodes) {
    const inputs = node.inputs.map((name) => (name === "" ? undefined : values.get(name)!));
    const outputs =
      node.domain === BLOCKED_DOMAIN
        ? [await blockedOperator(node, inputs, block)]
        : node.opType === "FusedMatMul"
          ? [await fusedProduct(node, inputs)]
          : await standardOperator(model, node, inputs, graph);
    node.outputs.forEach((name, i) => values.set(name, outputs[i]!));
  }
  return Object.fromEntries(graph.outputs.map((name) => [name, values.get(name)!]));
}

type Inputs = readonly (Tensor | undefined)[];

/** By the bytes of their model: the same few operators come again and again, and opening takes longer than running. */
const opened = new Map<string, ReturnType<typeof openOriginal>>();

async function standardOperator(
  model: Pick<Model, "irVersion" | "opsets">,
  node: Pick<ModelNode, "opType" | "attributes"> & { readonly outputs?: readonly string[] },
  inputs: Inputs,
  graph?: Graph,
): Promise<readonly Tensor[]> {
  const { opType, attributes, outputs = ["y"] } = node;
  const names = inputs.map((input, i) => (input === undefined ? "" : `input ${i}`));
  const given = inputs.flatMap((input, i) => (input === undefined ? [] : [[`input ${i}`, input] as const]));
  const results = outputs.map((name, i) => (name === "" ? "" : `output ${i}`));
  const typed = outputs.flatMap((name, i) => {
    const dtype = graph?.values.get(name)?.dtype ?? "float32";
    return name === "" ? [] : [{ name: results[i]!, dtype, shape: undefined }];
  });
  const bytes = writeModel({
    irVersion: model.irVersion,
    opsets: new Map([["", model.opsets.get("")!]]),
    producerName: "",
    producerVersion: "",
    metadata: new Map(),
    functions: [],
    graph: {
      name: opType,
      nodes: [{ name: opType, opType, domain: "", inputs: names, outputs: results, attributes }],
      inputs: given.map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
      outputs: typed,
      valueInfo: [],
      initializers: new Map(),
    },
  });
  const key = Buffer.from(bytes).toString("latin1");
  if (!opened.has(key)) opened.set(key, openOriginal(bytes));
  const values = await (await opened.get(key)!).run(Object.fromEntries(given));
  return results.map((name) => values[name]!);
}

const STANDARD = { irVersion: 9, opsets: new Map([["", 20]]) };

async function run(opType: string, inputs: Inputs, attributes: ReadonlyMap<string, Attribute> = new Map()) {
  return (await standardOperator(STANDARD, { opType, attributes }, inputs))[0] as Tensor<"float32">;
}

/** A product of factors that are transposed in their last two axes, or not. */
async function fusedProduct({ attributes }: ModelNode, inputs: Inputs): Promise<Tensor> {
  const factors = inputs.map(async (factor, i) => {
    if (attributes.get(i === 0 ? "transA" : "transB")?.value !== 1) return factor;
    const perm = [...factor!.shape.keys()];
    perm.push(...perm.splice(-2).reverse());
    return run("Transpose", [factor], new Map([["perm", { kind: "ints", value: perm }]]));
  });
  return run("MatMul", await Promise.all(factors));
}

async function blockedOperator(node: ModelNode, inputs: Inputs, block: number): Promise<Tensor> {
  const { opType, attributes } = node;
  const [x, weight, bias, sum] = inputs as readonly (Tensor<"float32"> | undefined)[];
  const { shape } = x!;
  const [batch, channels, height, width] = shape as [number, number, number, number];
  if (opType === "ReorderInput") {
    check(node, channels % 4 === 0, `${channels} channels`);
    return inBlocks(x!, block);
  }
  if (opType === "ReorderOutput") {
    const kept = attributes.get("channels")!.value as number;
    check(node, channels === Math.ceil(kept / block) * block, `${kept} of ${channels} channels`);
    const plain = plainly(x!, block);
    const data = new Float32Array(batch * kept * height * width);
    for (let n = 0; n < batch; n++) {
      const from = n * channels * height * width;
      data.set(plain.data.subarray(from, from + kept * height * width), n * kept * height * width);
    }
    return tensor("float32", [batch, kept, height, width], data);
  }
  if (opType !== "Conv") {
    check(node, channels % block === 0, `${channels} channels`);
    const pads = (attributes.get("pads")?.value ?? []) as number[];
    const kernel = attributes.get("kernel_shape")?.value as number[];
    check(
      node,
      pads.every((pad, i) => pad < kernel[i % 2]!),
      `pads ${pads.join()} of ${kernel?.join()}`,
    );
    return inBlocks(await run(opType, [plainly(x!, block)], attributes), block);
  }
  const group = attributes.get("group")!.value as number;
  const [out, each, ...kernel] = weight!.shape as [number, number, number, number];
  check(
    node,
    channels === each * group && out % group === 0,
    `${channels} channels, weight ${weight!.shape.join()}`,
  );
  check(node, channels < block || channels % block === 0, `${channels} channels`);
  check(node, out % block === 0 && (bias === undefined || bias.data.length === out), `${out} channels out`);
  // As MLAS chooses its algorithm: blocks on both sides, one channel a group, or channels that are not in blocks.
  const isDepthwise = each === 1 && out === group && group > 1;
  check(
    node,
    each >= block ? each % block === 0 && (out / group) % block === 0 : isDepthwise || group === 1,
    "groups",
  );
  const pads = (attributes.get("pads")?.value ?? [0, 0, 0, 0]) as number[];
  const dilations = (attributes.get("dilations")?.value ?? [1, 1]) as number[];
  check(
    node,
    pads.every((pad, i) => pad >= 0 && pad < dilations[i % 2]! * (kernel[i % 2]! - 1) + 1),
    `pads ${pads.join()} of ${kernel.join()}`,
  );
  const isBlocked = channels >= block;
  const filter = plainFilter(weight!, each >= block ? block : 1, block);
  const own = new Map([...attributes].filter(([name]) => !name.startsWith("activation")));
  let y = await run("Conv", [isBlocked ? plainly(x!, block) : x, filter, bias], own);
  if (sum !== undefined) {
    check(node, sizeOf(sum.shape) === sizeOf(y.shape) && sum.shape.join() === y.shape.join(), "sum");
    y = await run("Add", [y, plainly(sum, block)]);
  }
  return inBlocks(await activated(y, attributes), block);
}

async function activated(y: Tensor<"float32">, attributes: ReadonlyMap<string, Attribute>) {
  const activation = attributes.get("activation")?.value as string | undefined;
  if (activation === undefined) return y;
  const parameters = (attributes.get("activation_params")?.value ?? []) as number[];
  if (activation === "Clip") {
    return run("Clip", [y, ...parameters.map((bound) => tensor("float32", [], Float32Array.of(bound)))]);
  }
  const named = ["alpha", "beta"].slice(0, parameters.length);
  const of = named.map((name, i) => [name, { kind: "float", value: parameters[i]! }] as const);
  return run(activation, [y], new Map(of));
}

function check(node: ModelNode, holds: boolean, what: string): void {
  if (!holds) throw new Error(`${node.opType} "${node.name}" takes no ${what}`);
}

/** Copies every number, from where `place` says that it lies. */
function moved(
  shape: readonly number[],
  data: Float32Array,
  place: (i: number) => number,
): Tensor<"float32"> {
  return tensor(
    "float32",
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => data[place(i)] ?? 0),
  );
}

/** `[N, C, H, W]` → `[N, C/b, H, W, b]`, zeros up to whole blocks. */
function inBlocks({ data, shape }: Tensor<"float32">, block: number): Tensor<"float32"> {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const [whole, size] = [Math.ceil(channels / block) * block, height * width];
  return moved([batch, whole, height, width], data, (i) => {
    const [c, place] = [i % block, Math.floor(i / block)];
    const [at, map] = [place % size, Math.floor(place / size)];
    const [n, channel] = [Math.floor(map / (whole / block)), (map % (whole / block)) * block + c];
    return channel < channels ? (n * channels + channel) * size + at : -1;
  });
}

/** The inverse. */
function plainly({ data, shape }: Tensor<"float32">, block: number): Tensor<"float32"> {
  const size = shape[2]! * shape[3]!;
  return moved(shape, data, (i) => {
    const [at, map] = [i % size, Math.floor(i / size)];
    return (Math.floor(map / block) * size + at) * block + (map % block);
  });
}

/** `[O/b, I/a, h, w, a of I, b of O]` → `[O, I, h, w]`. */
function plainFilter({ data, shape }: Tensor<"float32">, each: number, block: number): Tensor<"float32"> {
  const [, inputs, height, width] = shape as [number, number, number, number];
  const taps = height * width;
  return moved(shape, data, (i) => {
    const [tap, map] = [i % taps, Math.floor(i / taps)];
    const [input, out] = [map % inputs, Math.floor(map / inputs)];
    const tile = (Math.floor(out / block) * (inputs / each) + Math.floor(input / each)) * taps + tap;
    return (tile * each + (input % each)) * block + (out % block);
  });
}
