import { describe, expect, it } from "vitest";
import { InputError } from "../../errors/index.js";
import { GraphBuilder, isNode, rewrite, type Graph } from "../../graph/index.js";
import { createGenerator, float32, tensor } from "../../tensor/index.js";
import { compile } from "../index.js";
import { selfChecked, type Compiler } from "./self-check.js";

function network(scale = 1): Graph {
  const g = new GraphBuilder("network");
  const x = g.input("x", "float32", [8, 16]);
  const weights = createGenerator(1).stream("w").fillUniform(new Float32Array(256), -scale, scale);
  const hidden = g.op(
    "MatMul",
    [x, g.initializer("w", tensor("float32", [16, 16], weights))],
    {},
    { name: "dense" },
  );
  const bent = g.op("Relu", [hidden], {}, { name: "bend" });
  g.output(g.op("Softmax", [bent], { axis: 1 }, { name: "squash" }), "y");
  return g.build();
}

const feeds = {
  x: float32([8, 16], createGenerator(2).stream("x").fillUniform(new Float32Array(128), -1, 1)),
};

/** Not a device: the CPU, with a wrong kernel for Relu. */
const wrongRelu: Compiler = (graph, options) =>
  compile(
    rewrite<number>(graph, (node, g) =>
      isNode(node, "Relu") ? [g.op("Abs", [g.value(node.inputs[0]!)])] : undefined,
    ),
    options,
  );

/** Not a device: the CPU, counted. */
function counted(): { readonly compile: Compiler; runs: number } {
  const state = {
    runs: 0,
    compile: (async (graph, options) => {
      state.runs++;
      return compile(graph, options);
    }) as Compiler,
  };
  return state;
}

describe("selfChecked", () => {
  it("holds the first run of each form of program against the CPU, and no other", async () => {
    const [device, cpu] = [counted(), counted()];
    const compiler = selfChecked({ name: "webgpu", onDevice: device.compile, onCpu: cpu.compile });
    for (const scale of [1, 2]) {
      const program = await compiler(network(scale), { threads: 1 });
      for (let run = 0; run < 2; run++) {
        const outputs = await program.run(feeds, ["y"]);
        expect(Object.keys(outputs)).toEqual(["y"]);
        expect(outputs["y"]!.data.every((value) => Number.isFinite(Number(value)))).toBe(true);
      }
      await program.dispose();
    }
    expect([device.runs, cpu.runs]).toEqual([2, 1]);
  });

  it("refuses a device that computes something else, naming output, difference and node", async () => {
    const compiler = selfChecked({ name: "webgpu", onDevice: wrongRelu, onCpu: compile });
    const program = await compiler(network(), { threads: 1 });
    const error = await program.run(feeds).catch((e: unknown) => e as Error);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(
      /device webgpu, graph "network": computes something else than the CPU: \d+ % of output "y" are off by more than 0\.001 of its greatest \(1\.0 % may be\); the largest difference is 0\.\d+, the greatest value 0\.\d+; it begins at node "bend" \(Relu\)\n.*--device cpu/,
    );
    await expect(program.run(feeds)).rejects.toThrow(/computes something else/);
    await program.dispose();
  });
});
