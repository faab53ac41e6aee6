import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseXml } from "@rgrove/parse-xml";
import { afterAll, describe, expect, test } from "vitest";
import { ints, modelOf, node } from "../../test/model.js";
import { holdfast } from "../../test/runs/holdfast.js";
import { pooled, withHead } from "../../test/small-models.js";
import { STEP } from "../attacks/index.js";
import { GraphBuilder, type Graph } from "../graph/index.js";
import { bindBatch, classifierFromModel, createClassifier, type Classifier } from "../models/index.js";
import { writeModel, type Model } from "../onnx/index.js";
import { createGenerator, float32, tensor } from "../tensor/index.js";
import {
  countOperations,
  graphPicture,
  imageEntry,
  inspectionJsonSchema,
  inspectionSchema,
  inspectModel,
  tryAttack,
} from "./index.js";
import { liveBytes } from "../runtime/index.js";
import { repeatsOf } from "./picture/repeats.js";

const folder = mkdtempSync(join(tmpdir(), "holdfast-inspect-"));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (model: Model, options = {}): Classifier => classifierFromModel(model, "m.onnx", options);
const created = (name: string, side: number): Classifier =>
  createClassifier(name, {
    channels: 3,
    height: side,
    width: side,
    classNames: Array.from({ length: 1000 }, (_, k) => `class ${k}`),
    random: createGenerator(1),
  });
const resnet50 = created("resnet50", 224);

describe("operations", () => {
  // torchvision's documentation: 4.09 and 1.81 GFLOPS, which are multiply-adds.
  test.each([
    ["resnet50", resnet50, 4_089_184_256],
    ["resnet18", created("resnet18", 224), 1_814_073_344],
  ])("of %s are torchvision's", (_, classifier, multiplyAdds) => {
    const counted = countOperations(bindBatch(classifier, 2).graph, 2);
    expect(counted.multiplyAdds).toBe(multiplyAdds);
    expect(counted.flops).toBeGreaterThan(2 * multiplyAdds);
    expect(counted.flops).toBeLessThan(2.02 * multiplyAdds);
  });

  const alone = (op: string, shapes: number[][], output: number[], attributes = {}): Graph => {
    const names = shapes.map((_, i) => `i${i}`);
    const values = [...shapes, output].map((shape, i) => [
      names[i] ?? "y",
      { name: names[i] ?? "y", dtype: "float32", shape },
    ]);
    return {
      name: "g",
      inputs: ["i0"],
      outputs: ["y"],
      nodes: [{ name: "n", op, inputs: names, outputs: ["y"], attributes }],
      values: new Map(values as never),
      initializers: new Map(),
    } as unknown as Graph;
  };

  /** Of `[2, 3, 4]` and another to `[2, 3, 5]`. */
  const einsum = (equation: string, other: number[]): Graph =>
    alone("Einsum", [[2, 3, 4], other], [2, 3, 5], { equation });

  test.each<[string, Graph, number]>([
    [
      "a transposed convolution",
      alone(
        "ConvTranspose",
        [
          [1, 4, 5, 5],
          [4, 6, 3, 3],
        ],
        [1, 6, 7, 7],
      ),
      100 * 54,
    ],
    [
      "a product of batches",
      alone(
        "MatMul",
        [
          [2, 3, 4],
          [2, 4, 5],
        ],
        [2, 3, 5],
      ),
      120,
    ],
    ["a sum over letters", einsum("bij,jk->bik", [4, 5]), 120],
    ["an ellipsis", einsum("...ij, ...jk", [2, 4, 5]), 120],
    [
      "an LSTM",
      alone(
        "LSTM",
        [
          [7, 2, 5],
          [1, 12, 5],
          [1, 12, 3],
        ],
        [7, 1, 2, 3],
      ),
      7 * 2 * 12 * 8,
    ],
  ])("of %s", (_, graph, multiplyAdds) => {
    expect(countOperations(graph, 1)).toEqual({ multiplyAdds, flops: 2 * multiplyAdds });
  });

  test("pooling counts its window, a reduction what it reads, moving nothing", () => {
    const g = new GraphBuilder("g");
    const x = g.input("x", "float32", [1, 2, 4, 4]);
    const pool = g.op("MaxPool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
    g.output(g.op("ReduceMean", [g.op("Transpose", [pool], { perm: [0, 2, 3, 1] })], { keepdims: 0 }));
    expect(countOperations(g.build(), 1).flops).toBe(8 * 4 + 8);
  });
});

describe("whether it can be attacked is tried", () => {
  test("a network can", async () => {
    const { obstacles, flat, step } = await tryAttack(created("resnet-mini", 32), 1);
    expect([obstacles, flat]).toEqual([[], []]);
    expect(step!.outputs).toContain(STEP.next);
  });

  test("every node on the way that passes no gradient is named", async () => {
    const classifier = read(withHead([node("Round", ["x"], "coarse"), node("Floor", ["coarse"], "h")]));
    const { obstacles } = await tryAttack(classifier, 1);
    expect(obstacles.map((each) => [each.node, each.op])).toEqual([
      ["coarse", "Round"],
      ["h", "Floor"],
    ]);
    expect(obstacles[0]!.problem).toContain("derivative is zero");
  });

  test("beside such a node there may be another way, which is said", async () => {
    const classifier = read(withHead([node("Round", ["x"], "coarse"), node("Add", ["coarse", "x"], "h")]));
    const { obstacles, flat } = await tryAttack(classifier, 1);
    expect([obstacles, flat]).toEqual([[], [{ node: "coarse", op: "Round" }]]);
  });

  test("all nodes whose gradient is refused are named, not the first alone", async () => {
    const { graph, ...classifier } = read(
      withHead([node("Tanh", ["x"], "a"), node("Relu", ["a"], "b"), node("Tanh", ["b"], "h")]),
    );
    // No reader leaves a Dropout in its training mode.
    const extra = [
      ["ratio", float32([], [0.5])],
      ["mode", tensor("bool", [], Uint8Array.of(1))],
    ] as const;
    const dropping = {
      ...graph,
      initializers: new Map([...graph.initializers, ...extra]),
      values: new Map([...graph.values, ...extra.map(([name, data]) => [name, { name, ...data }] as const)]),
      nodes: graph.nodes.map((each) =>
        each.op === "Tanh"
          ? { ...each, op: "Dropout" as const, inputs: [each.inputs[0]!, "ratio", "mode"] }
          : each,
      ),
    };
    const { obstacles } = await tryAttack({ ...classifier, graph: dropping }, 1);
    expect(obstacles.map((each) => each.node)).toEqual(["a", "h"]);
    for (const each of obstacles) expect(each.needed).not.toBe("");
  });
});

describe("normalisation is found", () => {
  const chain = [node("Sub", ["x", "mean"], "a"), node("Div", ["a", "std"], "h")];
  const constants = { mean: float32([3, 1, 1], [0.5, 0.25, 0]), std: float32([1], [0.5]) };

  test("in the graph", () => {
    const { graph, image } = read(withHead(chain, constants));
    expect(imageEntry(graph, image, 3)).toEqual({
      layout: "NCHW",
      normalisation: { mean: [0.5, 0.25, 0], std: [0.5, 0.5, 0.5], nodes: ["a", "h"] },
    });
  });

  test("where the constant comes first, and as it was given", () => {
    const turned = [node("Sub", ["one", "x"], "a"), node("Mul", ["a", "std"], "h")];
    const { graph, image } = read(withHead(turned, { ...constants, one: float32([], [1]) }));
    expect(imageEntry(graph, image, 3).normalisation).toMatchObject({ mean: [1, 1, 1], std: [-2, -2, -2] });
    const given = read(withHead([node("Relu", ["x"], "h")]), { mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2] });
    expect(imageEntry(given.graph, given.image, 3).normalisation).toMatchObject({
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.2, 0.2],
    });
  });

  test("behind a transposition, whose layout is said; and not where a layer comes first", () => {
    const perm = ints(0, 2, 3, 1);
    const last = [
      node("Transpose", ["x"], "t", { perm }),
      node("Mul", ["t", "by"], "u"),
      node("Relu", ["u"], "v"),
      node("Transpose", ["v"], "h", { perm: ints(0, 3, 1, 2) }),
    ];
    const { graph, image } = read(withHead(last, { by: float32([3], [1, 2, 4]) }));
    expect(imageEntry(graph, image, 3)).toMatchObject({
      layout: "NHWC",
      normalisation: { std: [1, 0.5, 0.25] },
    });
    const maps = read(
      withHead([node("Mul", ["x", "by"], "h")], { by: float32([1, 1, 8, 8], new Float32Array(64).fill(2)) }),
    );
    expect(imageEntry(maps.graph, maps.image, 3).normalisation).toBeUndefined();
  });
});

test("the most that lives at once, not all that is made", () => {
  const g = new GraphBuilder("g");
  let x = g.input("x", "float32", [256]);
  for (let i = 0; i < 10; i++) x = g.op("Relu", [x]);
  g.output(x, "y");
  expect(liveBytes(g.build())).toBe(2 * 1024);
});

describe("the picture", () => {
  test("draws equal blocks once, and is small", () => {
    const picture = graphPicture(resnet50, "a <model> & its name");
    expect(() => parseXml(picture)).not.toThrow();
    expect(picture).toContain("a &lt;model&gt; &amp; its name");
    for (const times of [2, 3, 5]) expect(picture).toContain(`>× ${times}<`);
    for (const size of ["112 × 112", "56 × 56", "7 × 7", "vector"]) expect(picture).toContain(`>${size}<`);
    expect(picture.length).toBeLessThan(16_000);
    expect(Number(/height="(\d+)"/.exec(picture)![1])).toBeLessThan(1500);
  });

  test("of a thousand nodes without a block that comes twice stays small too", () => {
    const nodes = Array.from({ length: 1000 }, (_, i) =>
      node(i % 3 === 0 ? "Relu" : "Sigmoid", [i === 0 ? "x" : `v${i - 1}`], `v${i}`),
    );
    const wide = Array.from({ length: 400 }, (_, i) => node("Tanh", ["v999"], `w${i}`));
    const sum = node(
      "Sum",
      wide.map(({ outputs }) => outputs[0]!),
      "h",
    );
    const picture = graphPicture(read(modelOf([...nodes, ...wide, sum, ...pooled("h")])), "long");
    expect(picture.length).toBeLessThan(20_000);
    expect(picture).toContain("densely connected");
  });

  test("what repeats is found whatever its period", () => {
    expect(repeatsOf([..."abcbcbcd"], (each) => each)).toEqual([
      { items: ["a"], times: 1 },
      { items: ["b", "c"], times: 3 },
      { items: ["d"], times: 1 },
    ]);
    expect(repeatsOf([], String)).toEqual([]);
  });
});

describe("what is written", () => {
  test("is as the published schema says", async () => {
    // Made by scripts/generated.mjs.
    expect(JSON.parse(readFileSync("schemas/inspection.schema.json", "utf8"))).toEqual(
      inspectionJsonSchema(),
    );
    const facts = await inspectModel(
      {
        name: "m",
        path: "m.onnx",
        sha256: "0",
        recipe: null,
        classifier: created("resnet-mini", 32),
        notices: [],
        pixels: "not known",
        given: { normalisation: false, layout: false },
      },
      4,
    );
    expect(inspectionSchema.parse(JSON.parse(JSON.stringify(facts)))).toEqual(facts);
    expect(facts.memory!.attackStep).toBeGreaterThan(2e8);
  });

  test("of a quantised model says that it can be attacked: gradients pass straight through its rounding", async () => {
    const path = join(folder, "quantised.onnx");
    const scale = { s: float32([], [0.01]), z: tensor("uint8", [], Uint8Array.of(100)) };
    const pair = [
      node("QuantizeLinear", ["x", "s", "z"], "q"),
      node("DequantizeLinear", ["q", "s", "z"], "h"),
    ];
    writeFileSync(path, writeModel(withHead(pair, scale)));
    const { code, stdout, stderr } = await holdfast(["inspect", path]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/attackable +yes: a PGD step was built and compiled\n/);
    expect(stdout).toMatch(/no derivative +none/);
  });

  test("of a model that cannot be read has every node, and the command says 3", async () => {
    const head = Array.from({ length: 30 }, (_, i) =>
      node(i % 2 === 0 ? "Unheard" : "Unseen", ["x"], `u${i}`),
    );
    const path = join(folder, "unread.onnx");
    writeFileSync(
      path,
      writeModel(
        withHead([
          ...head,
          node(
            "Sum",
            head.flatMap(({ outputs }) => outputs),
            "h",
          ),
        ]),
      ),
    );
    const { code, stdout, stderr } = await holdfast(["inspect", path, "--json"]);
    expect(code, stderr).toBe(3);
    const facts = inspectionSchema.parse(JSON.parse(stdout));
    expect(facts.obstacles).toHaveLength(30);
    expect(facts.obstacles[29]).toMatchObject({ node: "u29", op: "Unseen", problem: "this op is not known" });
    const page = await holdfast(["inspect", path]);
    expect(page.stdout).toContain("Unheard × 15: this op is not known");
    expect(page.stdout).toContain("u0, u2, u4");
    expect(page.stderr).toContain("30 of its 33 nodes cannot be read");
  });

  test("is a page, with the picture where one is asked for", async () => {
    const [path, picture] = [join(folder, "soft.onnx"), join(folder, "graph.svg")];
    const soft = [
      node("Relu", ["x"], "h"),
      ...pooled("h").slice(0, 1),
      node("Flatten", ["p"], "l"),
      node("Softmax", ["l"], "y"),
    ];
    writeFileSync(path, writeModel(modelOf(soft)));
    const { code, stdout, stderr } = await holdfast([
      "inspect",
      path,
      "--picture",
      picture,
      "--batch-size",
      "2",
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('noticed        its output "y" is a softmax');
    expect(stdout).toMatch(/attackable +yes: a PGD step was built and compiled/);
    expect(stdout).toContain("for 2 images, about");
    expect(
      Math.max(
        ...stdout
          .split("\n")
          .filter((line) => !/sha256/.test(line))
          .map((line) => line.length),
      ),
    ).toBeLessThan(111);
    expect(readFileSync(picture, "utf8")).toContain("<svg");
  });
});
