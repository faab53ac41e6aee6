import { parseXml } from "@rgrove/parse-xml";
import { describe, expect, test } from "vitest";
import { fullSized } from "../../../test/full-sized.js";
import { modelOf, node } from "../../../test/model.js";
import { pooled } from "../../../test/small-models.js";
import { classifierFromModel } from "../../models/index.js";
import { graphPicture } from "../index.js";
import { repeatsOf } from "./repeats.js";

describe("the picture", () => {
  test("draws equal blocks once, and is small", () => {
    const picture = graphPicture(fullSized("resnet50", 224), "a <model> & its name");
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
    const picture = graphPicture(
      classifierFromModel(modelOf([...nodes, ...wide, sum, ...pooled("h")]), "m.onnx"),
      "long",
    );
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
