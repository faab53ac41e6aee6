import { beforeAll, describe, expect, test } from "vitest";
import { int, ints, modelOf, node, vector } from "../../../test/model.js";
import { smallTransformer } from "../../../test/small-transformer.js";
import { compared, file, noise, softmax } from "../../../test/written-back.js";
import type { Model } from "../../onnx/index.js";
import { createGenerator, type Tensor } from "../../tensor/index.js";
import { headOf, readImported, withHeadFor, writeBack, type Imported } from "../index.js";

describe("a new last layer for other classes", () => {
  let imported: Imported;
  beforeAll(async () => {
    imported = readImported(await file("onnx/residual-17"), "m.onnx", {});
  });

  test("is drawn from the seed; everything else stays", () => {
    const names = ["a", "b", "c"];
    const [one, again, other] = [1, 1, 2].map((seed) => withHeadFor(imported, names, createGenerator(seed)));
    const weight = (of: Imported, name: string): Tensor => of.classifier.graph.initializers.get(name)!;
    expect(weight(one!, "fc.weight").shape).toEqual([3, 12]);
    expect(weight(one!, "fc.weight").data).toEqual(weight(again!, "fc.weight").data);
    expect(weight(one!, "fc.weight").data).not.toEqual(weight(other!, "fc.weight").data);
    expect(weight(one!, "onnx::Conv_47").data).toEqual(weight(imported, "onnx::Conv_47").data);
    expect(one!.classifier).toMatchObject({ classNames: names, parameters: imported.classifier.parameters });
    expect([...headOf(one!.classifier)]).toEqual(["fc.weight", "fc.bias"]);
    expect(one!.source.graph.outputs[0]!.shape).toEqual(["batch", 3]);
  });

  test("is written with its names, in the file's own form", async () => {
    const metadata = new Map([
      ["names", "{0: 'x', 1: 'y', 2: 'z', 3: 'u', 4: 'v'}"],
      ["license", "MIT"],
    ]);
    const named = readImported({ ...(await file("onnx/residual-17")), metadata }, "m.onnx", {});
    const changed = withHeadFor(named, ["a", "b"], createGenerator(1));
    expect([...writeBack(changed, new Map(), ["a", "b"]).metadata]).toEqual([
      ["names", '{"0":"a","1":"b"}'],
      ["license", "MIT"],
    ]);
    expect(writeBack(named, new Map()).metadata).toBe(metadata);
    const bare = writeBack(withHeadFor(imported, ["a", "b"], createGenerator(1)), new Map(), ["a", "b"]);
    expect([...bare.metadata]).toEqual([["class_names", '["a","b"]']]);
  });

  test("follows a shape that contains the number of classes, and finds a layer behind a Transpose and an Add", async () => {
    const squeeze = modelOf(
      [
        node("Conv", ["x", "w", "b"], "maps"),
        node("GlobalAveragePool", ["maps"], "p"),
        node("Reshape", ["p", "shape"], "r"),
        node("Softmax", ["r"], "y", { axis: int(1) }),
      ],
      { w: noise("w", 4, 3, 1, 1), b: noise("b", 4), shape: vector(-1, 4) },
    );
    for (const [model, output] of [
      [squeeze, softmax(7)],
      [smallTransformer(), undefined],
    ] as const) {
      const changed = withHeadFor(
        readImported(model, "m.onnx", {}),
        Array.from("abcdefg"),
        createGenerator(3),
      );
      expect(await compared(changed, (pixels) => pixels, output)).toBeLessThan(1e-5);
    }
  });

  test("is refused if there is no layer to replace", () => {
    const pool = [node("GlobalAveragePool", ["h"], "p"), node("Flatten", ["p"], "y")];
    const wide = modelOf([node("Conv", ["x", "w"], "h", { pads: ints(1, 1, 1, 1) }), ...pool], {
      w: noise("w", 4, 3, 3, 3),
    });
    const replace = (model: Model): unknown =>
      withHeadFor(readImported(model, "m.onnx", {}), ["a", "b"], createGenerator(1));
    expect(() => replace(wide)).toThrow(/do not come from a linear layer that can be replaced/);
    const tied = modelOf(
      [node("Conv", ["x", "w"], "c"), node("Relu", ["c"], "r"), node("Conv", ["r", "w"], "h"), ...pool],
      { w: noise("w", 3, 3, 1, 1) },
    );
    expect(() => replace(tied)).toThrow(/also used elsewhere/);
  });
});
