import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fullSized } from "../../test/full-sized.js";
import { modelOf, node } from "../../test/model.js";
import { holdfast } from "../../test/runs/holdfast.js";
import { pooled, withHead } from "../../test/small-models.js";
import { writeModel } from "../onnx/index.js";
import { float32, tensor } from "../tensor/index.js";
import { inspectionJsonSchema, inspectionSchema, inspectModel } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "holdfast-inspect-"));
afterAll(() => rmSync(folder, { recursive: true }));

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
        classifier: fullSized("resnet-mini", 32),
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
