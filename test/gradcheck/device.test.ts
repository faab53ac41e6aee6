/**
 * Every gradient of the gradcheck table on a device, against the CPU. It takes minutes and needs the device:
 *
 *     HOLDFAST_DEVICE=webgpu npx vitest run test/gradcheck/device.test.ts
 */
import { describe, expect, test } from "vitest";
import { appendGradients } from "../../src/autodiff/index.js";
import { GraphBuilder, type Graph, type Value } from "../../src/graph/index.js";
import { compile, openDevice, type DeviceName, type Feeds } from "../../src/runtime/index.js";
import { createGenerator, sizeOf, tensor, type Tensor } from "../../src/tensor/index.js";
import { CASES } from "./cases.js";
import type { CaseInput, GradCase } from "./check.js";

const device = process.env["HOLDFAST_DEVICE"] as DeviceName | undefined;
/** Sines of a GPU are good to this. */
const FURTHEST = 5e-4;
/** What a device has no kernel for, and refuses. */
const REFUSED: Readonly<Partial<Record<DeviceName, RegExp>>> = {
  webgpu: /Only Conv2d or Conv1d are supported|column major storage_order is not supported/,
};

const random = createGenerator(7);

function draw({ shape, low = -1, high = 1, awayFromZero = 0, apart }: CaseInput, name: string): Tensor {
  const [stream, data] = [random.stream(name), new Float32Array(sizeOf(shape))];
  if (apart === undefined) stream.fillUniform(data, low, high);
  else
    stream.permutation(data.length).forEach((rank, k) => (data[k] = (rank - data.length / 2 + 0.3) * apart));
  const moved = data.map((v) => (Math.abs(v) < awayFromZero ? v + Math.sign(v || 1) * awayFromZero : v));
  return tensor("float32", shape, moved);
}

/** L = Σ v f(x)², and its gradients; v at random. */
function lossOf(row: GradCase): { readonly graph: Graph; readonly feeds: () => Feeds } {
  const g = new GraphBuilder("case");
  const inputs = row.inputs.map(({ shape }, i) => g.input(`x${i}`, "float32", shape));
  const built = row.build(g, inputs);
  const parts = (Array.isArray(built) ? (built as Value[]) : [built as Value]).map((output, i) => {
    const weights = draw({ shape: output.shape }, `v${i}`);
    const squares = g.op("Mul", [output, output]);
    return g.op("ReduceSum", [g.op("Mul", [squares, g.constant(weights)])], { keepdims: 0 });
  });
  const loss = parts.reduce((sum, part) => g.op("Add", [sum, part]));
  const gradients = appendGradients(g, { of: loss, withRespectTo: inputs });
  [loss, ...gradients].forEach((value, i) => g.output(value, `y${i}`));
  const feeds = (): Feeds =>
    Object.fromEntries(row.inputs.map((input, i) => [`x${i}`, draw(input, `${row.name}:${i}`)]));
  return { graph: g.build(), feeds };
}

describe.runIf(device !== undefined).each(Object.entries(CASES))(`%s on ${device}`, (_, rows) => {
  test.each(rows.map((row) => [row.name, row] as const))("%s", { timeout: 60_000 }, async (_name, row) => {
    await openDevice(device!);
    const { graph, feeds } = lossOf(row);
    const cpu = await compile(graph, { threads: 1 });
    const wanted = await cpu.run(feeds());
    await cpu.dispose();
    const found = await onDevice(graph, feeds());
    if (found === undefined) return;
    for (const [name, { data }] of Object.entries(wanted)) {
      const scale = (data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      (data as Float32Array).forEach((value, i) => {
        expect(Math.abs((found[name]!.data as Float32Array)[i]! - value)).toBeLessThan(FURTHEST * scale);
      });
    }
  });
});

async function onDevice(graph: Graph, feeds: Feeds): Promise<Record<string, Tensor> | undefined> {
  try {
    const program = await compile(graph, { device: device! });
    const outputs = await program.run(feeds);
    await program.dispose();
    return outputs;
  } catch (error) {
    if (REFUSED[device!]?.test((error as Error).message) === true) return undefined;
    throw error;
  }
}
