import { describe, expect, it } from "vitest";
import { runBlocked } from "../../../../test/blocked-model.js";
import {
  attackGraph,
  EVERYTHING,
  imageOf,
  NETWORKS,
  updateGraph,
  weightsOf,
} from "../../../../test/layout-networks.js";
import { runOriginal } from "../../../../test/original.js";
import {
  deadCode,
  dropExpands,
  foldConstants,
  modelFromGraph,
  standardGraph,
  type Graph,
} from "../../../graph/index.js";
import type { Tensor } from "../../../tensor/index.js";
import type { Model } from "../../../onnx/index.js";
import { compile, type Program } from "../../index.js";
import { BLOCKED_DOMAIN } from "../convolution/block-size.js";
import { COSTS } from "../costs.js";
import { lower, lowerInBlocks, lowerInTwo } from "../index.js";
import { steadyValues } from "../steady.js";
import { inBlocks } from "./index.js";
import { layoutBlock, problemOf, selfTestGraph } from "./self-test.js";

async function outputsOf(
  graph: Graph,
  options?: Parameters<typeof compile>[1],
): Promise<Record<string, Float32Array>> {
  const program = await compile(graph, { threads: 1, ...options });
  const outputs = await program.run(imageOf(graph));
  await program.dispose();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
}

/** The largest difference of each output, as a share of its largest number. */
function errorsOf(
  graph: Graph,
  found: Record<string, Float32Array>,
  expected: Record<string, Float32Array>,
): number[] {
  return graph.outputs.map((output) => {
    const largest = expected[output]!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeGreaterThan(0);
    return found[output]!.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - expected[output]![i]!) / largest),
      0,
    );
  });
}

const inLayout = async (graph: Graph, costs = COSTS): Promise<readonly string[]> => {
  const { model } = await lower(graph, { standard: false, costs });
  return model.graph.nodes.filter(({ domain }) => domain === BLOCKED_DOMAIN).map(({ opType }) => opType);
};

describe("maps in blocks", async () => {
  const block = await layoutBlock();

  it.each(Object.keys(NETWORKS))("give what standard operators give: %s", async (name) => {
    const graph = attackGraph(name);
    const [found, expected] = [await outputsOf(graph), await outputsOf(graph, { optimization: "extended" })];
    for (const error of errorsOf(graph, found, expected)) expect(error).toBeLessThan(1e-4);
    if (block !== undefined) expect((await inLayout(graph)).length).toBeGreaterThan(6);
  });

  it.each(Object.keys(NETWORKS))("take weights that are fed, and others after them: %s", async (name) => {
    const graph = attackGraph(name, { fed: true });
    const [own, smaller] = weightsOf(name) as [Record<string, Tensor>, Record<string, Tensor>];
    const steady = Object.keys(own);
    const [program, standard] = [
      await compile(graph, { threads: 1, steady }),
      await compile(graph, { threads: 1, optimization: "extended" }),
    ];
    const run = async (through: Program, weights: Record<string, Tensor>) => {
      const outputs = await through.run({ ...imageOf(graph), ...weights });
      return Object.fromEntries(
        graph.outputs.map((output) => [output, outputs[output]!.data as Float32Array]),
      );
    };
    const first = await run(program, own);
    for (const weights of [own, smaller]) {
      const [found, expected] = [await run(program, weights), await run(standard, weights)];
      for (const error of errorsOf(graph, found, expected)) expect(error).toBeLessThan(1e-4);
    }
    expect(await run(program, { ...own })).toEqual(first);
    await Promise.all([program.dispose(), standard.dispose()]);
    if (block === undefined) return;
    const { preparation, model } = (await lowerInTwo(graph, new Set(steady), {
      standard: false,
      costs: EVERYTHING,
    }))!;
    const opsOf = ({ graph: { nodes } }: Model) => nodes.map(({ opType }) => opType);
    expect(opsOf(preparation!)).toContain("Transpose");
    expect(opsOf(preparation!)).not.toContain("Conv");
    // No filter is put in order again in every run.
    expect(model.graph.inputs.filter(({ name: input }) => steady.includes(input)).length).toBeLessThan(4);
  });

  const sizes = [8, 16]
    .filter((size) => size !== block)
    .flatMap((size) => Object.keys(NETWORKS).map((name) => [size, name] as const));
  it.each(sizes)("give the same in blocks of %i, whatever the processor has: %s", async (size, name) => {
    const graph = attackGraph(name);
    const lowered = lowerInBlocks(deadCode(foldConstants(dropExpands(graph))), size, EVERYTHING)!;
    const values = await runBlocked(lowered.model, lowered.graph, size, imageOf(graph));
    const found = Object.fromEntries(
      graph.outputs.map((output) => [output, values[output]!.data as Float32Array]),
    );
    const expected = await outputsOf(graph, { optimization: "extended" });
    for (const error of errorsOf(graph, found, expected)) expect(error).toBeLessThan(1e-4);
  });

  it.skipIf(block === undefined)("are reordered at the borders alone", async () => {
    const graph = attackGraph("residual, strided, with a pooled stem");
    const emitted = await inLayout(graph);
    const reorders = emitted.filter((type) => type.startsWith("Reorder"));
    // The gradient of the picture, which leaves the layout.
    expect(reorders).toEqual(["ReorderOutput"]);
  });

  it.skipIf(block === undefined)("are held against standard operators before they are used", async () => {
    expect(await problemOf(block!)).toBeUndefined();
    // Nothing that the layout emits goes untested.
    const { model } = inBlocks(selfTestGraph(block!), {
      block: block!,
      isSteady: steadyValues(selfTestGraph(block!)),
    });
    const own = model.graph.nodes.filter(({ domain }) => domain === BLOCKED_DOMAIN);
    expect([...new Set(own.map(({ opType }) => opType))].sort()).toEqual([
      "AveragePool",
      "Conv",
      "GlobalAveragePool",
      "GlobalMaxPool",
      "MaxPool",
      "ReorderInput",
      "ReorderOutput",
    ]);
    const activations = new Set(own.map(({ attributes }) => attributes.get("activation")?.value ?? ""));
    expect([...activations].sort()).toEqual([
      "",
      "Clip",
      "HardSigmoid",
      "LeakyRelu",
      "Relu",
      "Sigmoid",
      "Tanh",
    ]);
    // Blocks of another size than the processor's are noticed.
    const wrong = problemOf(block === 8 ? 16 : 8).catch((error: unknown) => String(error));
    expect(await wrong).toEqual(expect.any(String));
  });

  it("pass that test in blocks of 16 as well, as far as the layout decides it", async () => {
    const graph = selfTestGraph(16);
    const feeds = imageOf(graph);
    const values = await runBlocked(
      inBlocks(graph, { block: 16, isSteady: steadyValues(graph) }).model,
      graph,
      16,
      feeds,
    );
    const expected = await runOriginal(modelFromGraph(foldConstants(standardGraph(graph))), feeds);
    const floats = (all: Record<string, Tensor>) =>
      Object.fromEntries(graph.outputs.map((name) => [name, all[name]!.data as Float32Array]));
    for (const error of errorsOf(graph, floats(values), floats(expected))) expect(error).toBeLessThan(1e-5);
  });

  it("are left where they are by the costs, and with standard operators", async () => {
    const graph = attackGraph("plain, pooled by twos");
    expect(await inLayout(graph, { ...COSTS, blockedGradients: Infinity })).toEqual([]);
    const { model } = await lower(graph, { standard: true });
    expect(model.graph.nodes.filter(({ domain }) => domain !== "")).toEqual([]);
  });
});

const NORMS = [{ frozen: false }, { frozen: true }].flatMap((norms) =>
  Object.keys(NETWORKS).map((name) => ({ name, ...norms })),
);

describe("updates in blocks", async () => {
  const block = await layoutBlock();

  async function expectStandard(
    { name, frozen }: (typeof NORMS)[number],
    run: (graph: Graph, feeds: Record<string, Tensor>) => Promise<Readonly<Record<string, Tensor>>>,
  ): Promise<void> {
    const graph = updateGraph(name, { frozen });
    const feeds = { ...imageOf(graph), ...weightsOf(name)[0] };
    const given = Object.fromEntries(Object.entries(feeds).filter(([each]) => graph.inputs.includes(each)));
    const standard = await compile(graph, { threads: 1, optimization: "extended" });
    const [found, expected] = [await run(graph, given), await standard.run(given)];
    await standard.dispose();
    const floats = (all: Readonly<Record<string, Tensor>>) =>
      Object.fromEntries(graph.outputs.map((output) => [output, all[output]!.data as Float32Array]));
    // Before a norm a bias has no gradient, but for roundings.
    const sizeOf = (output: string): number =>
      (expected[output]!.data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const least = 1e-4 * Math.max(...graph.outputs.map(sizeOf));
    const outputs = graph.outputs.filter((output) => sizeOf(output) > least);
    expect(outputs.length).toBeGreaterThan(graph.outputs.length / 2);
    for (const error of errorsOf({ ...graph, outputs }, floats(found), floats(expected)))
      expect(error).toBeLessThan(1e-4);
  }

  it.each(NORMS)("give what standard operators give: $name, norms frozen: $frozen", async (network) => {
    await expectStandard(network, async (graph, feeds) => {
      if (block === undefined) return runOriginal((await lower(graph, { standard: false })).model, feeds);
      const { model } = lowerInBlocks(deadCode(foldConstants(dropExpands(graph))), block, EVERYTHING)!;
      const inDomain = model.graph.nodes.filter(({ domain }) => domain === BLOCKED_DOMAIN);
      expect(inDomain.length).toBeGreaterThan(6);
      return runOriginal(model, feeds, "disabled");
    });
  });

  const others = [8, 16]
    .filter((size) => size !== block)
    .flatMap((size) => NORMS.map((norms) => ({ size, ...norms })));
  it.each(others)(
    "give the same in blocks of $size: $name, norms frozen: $frozen",
    async ({ size, ...network }) => {
      await expectStandard(network, async (graph, feeds) => {
        const lowered = lowerInBlocks(deadCode(foldConstants(dropExpands(graph))), size, EVERYTHING)!;
        return runBlocked(lowered.model, lowered.graph, size, feeds);
      });
    },
  );

  const bySelf = ["depthwise, gated, with residuals", "pads of each side their own"].flatMap((name) =>
    [8, 16].flatMap((size) => ["in blocks throughout", "each by itself"].map((how) => ({ name, size, how }))),
  );
  it.each(bySelf)(
    "of depthwise convolutions $how, in blocks of $size: $name",
    async ({ name, size, how }) => {
      await expectStandard({ name, frozen: true }, async (graph, feeds) => {
        const costs = how === "each by itself" ? { ...EVERYTHING, plainShare: -1 } : EVERYTHING;
        const lowered = lowerInBlocks(deadCode(foldConstants(dropExpands(graph))), size, costs)!;
        const kinds = lowered.model.graph.nodes
          .filter(({ domain }) => domain === BLOCKED_DOMAIN)
          .map(({ opType }) => opType);
        // A forward, an input's and a weight's gradient of each.
        if (how === "each by itself") {
          expect(new Set(kinds)).toEqual(new Set(["Conv", "ReorderInput", "ReorderOutput"]));
          expect(kinds.filter((kind) => kind === "Conv").length).toBeGreaterThanOrEqual(3);
        }
        expect(lowered.optimization).toBe(how === "each by itself" ? undefined : "disabled");
        return runBlocked(lowered.model, lowered.graph, size, feeds);
      });
    },
  );

  it("are left to ONNX Runtime where they do not pay and none is depthwise", () => {
    const graph = updateGraph("residual, of odd sizes");
    const small = deadCode(foldConstants(dropExpands(graph)));
    expect(lowerInBlocks(small, 8, { ...COSTS, plainShare: -1 })).toBeUndefined();
  });
});
