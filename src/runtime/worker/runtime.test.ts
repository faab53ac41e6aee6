import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attackGraph } from "../../../test/layout-networks.js";
import { InputError } from "../../errors/index.js";
import { GraphBuilder, type Graph } from "../../graph/index.js";
import { createGenerator, float32, tensor } from "../../tensor/index.js";
import { compile, createWorkerRuntime, runtimeInfo, type Program, type WorkerRuntime } from "../index.js";

const SIZE = 1024;

/** Some hundred milliseconds of products on one thread. */
function heavy(): Graph {
  const g = new GraphBuilder("heavy");
  const x = g.input("x", "float32", [SIZE, SIZE]);
  const weights = createGenerator(1)
    .stream("w")
    .fillNormal(new Float32Array(SIZE * SIZE), 1 / Math.sqrt(SIZE));
  let y = x;
  const w = g.initializer("w", tensor("float32", [SIZE, SIZE], weights));
  for (let i = 0; i < 12; i++) y = g.op("Tanh", [g.op("MatMul", [y, w])]);
  g.output(g.op("ReduceSum", [y]), "sum");
  return g.build();
}

const feeds = {
  x: tensor(
    "float32",
    [SIZE, SIZE],
    createGenerator(2)
      .stream("x")
      .fillUniform(new Float32Array(SIZE * SIZE), -1, 1),
  ),
};

let runtime: WorkerRuntime;
beforeAll(() => {
  runtime = createWorkerRuntime();
});
afterAll(() => runtime.dispose());

/** Times that a timer of this thread ticks while the program runs. */
async function ticksDuring(program: Program): Promise<number> {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await program.run(feeds);
  clearInterval(timer);
  return ticks;
}

describe("programs in a worker", () => {
  test("timers keep ticking while they run, and stand still without the worker", async () => {
    const [here, there] = [
      await compile(heavy(), { threads: 1 }),
      await runtime.compile(heavy(), { threads: 1 }),
    ];
    const blocked = await ticksDuring(here);
    const free = await ticksDuring(there);
    await Promise.all([here.dispose(), there.dispose()]);
    expect(blocked).toBeLessThanOrEqual(2);
    expect(free).toBeGreaterThan(10 * Math.max(1, blocked));
  });

  test("give the same numbers, take views, and compute only what is fetched", async () => {
    const g = new GraphBuilder("two");
    const x = g.input("x", "float32", [2]);
    g.output(g.op("Neg", [x]), "negative");
    g.output(g.op("Mul", [x, x]), "square");
    const program = await runtime.compile(g.build());
    const whole = Float32Array.of(9, 9, 1.5, -2);
    const outputs = await program.run({ x: tensor("float32", [2], whole.subarray(2)) }, ["square"]);
    expect(outputs).toEqual({ square: float32([2], [2.25, 4]) });
    expect([...whole]).toEqual([9, 9, 1.5, -2]);
    await program.dispose();
    await expect(program.run({})).rejects.toThrow(/disposed of/);
  });

  test("say how their maps lie: a result that is computed so names the layout", async () => {
    expect(runtimeInfo().layout).toBeUndefined();
    const graph = attackGraph("plain, pooled by twos");
    const program = await runtime.compile(graph, { threads: 1 });
    await program.dispose();
    const { layout } = runtimeInfo();
    expect(layout).toBeDefined();
    await (await compile(graph, { threads: 1 })).dispose();
    expect(runtimeInfo().layout).toBe(layout);
  });

  test("refuse wrong feeds as they do without the worker", async () => {
    const g = new GraphBuilder("one");
    g.output(g.op("Neg", [g.input("x", "float32", [2])]));
    const program = await runtime.compile(g.build());
    const error = await program.run({ x: float32([3], [1, 2, 3]) }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    await program.dispose();
  });

  test("end with their runtime", async () => {
    const other = createWorkerRuntime();
    const program = await other.compile(heavy());
    const running = program.run(feeds);
    const outcome = running.catch((e: unknown) => e as Error);
    await other.dispose();
    expect(((await outcome) as Error).message).toMatch(/disposed of/);
  });

  test("end between two native calls: a thread that is ended within one takes the process with it", async () => {
    for (let delay = 0; delay < 60; delay += 10) {
      const other = createWorkerRuntime();
      const program = await other.compile(heavy(), { threads: 1 });
      const [running, waiting] = [program.run(feeds), program.run(feeds)].map((each) =>
        each.catch((e: unknown) => (e as Error).message),
      );
      await new Promise((resolve) => setTimeout(resolve, delay));
      await other.dispose();
      await other.dispose();
      for (const said of [await running, await waiting]) expect(said).toMatch(/disposed of/);
    }
  });

  test("what stays the same is sent once, and what takes its place is noticed", async () => {
    const g = new GraphBuilder("steady");
    const [x, w] = [g.input("x", "float32", [2]), g.input("w", "float32", [2])];
    g.output(g.op("Add", [x, g.op("Exp", [w])]), "y");
    const program = await runtime.compile(g.build(), { threads: 1, steady: ["w"] });
    const [zeros, others] = [float32([2], [0, 0]), float32([2], [0, Math.log(3)])];
    const ask = async (from: number, fed: typeof zeros) =>
      Array.from((await program.run({ x: float32([2], [from, from]), w: fed }))["y"]!.data as Float32Array);
    expect(await ask(1, zeros)).toEqual([2, 2]);
    expect(await ask(2, zeros)).toEqual([3, 3]);
    expect(await ask(2, others)).toEqual([3, expect.closeTo(5, 5)]);
    expect(await ask(1, zeros)).toEqual([2, 2]);
    await program.dispose();
  });
});
