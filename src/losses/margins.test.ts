import { expect, it } from "vitest";
import { fixture, relativeError } from "../../test/fixture.js";
import { evaluate } from "../../test/reference/index.js";
import { gradient } from "../autodiff/index.js";
import { GraphBuilder, type Value } from "../graph/index.js";
import {
  differenceOfLogitsRatio,
  margin,
  probabilityMargin,
  targetedDifferenceOfLogitsRatio,
  targetedMargin,
} from "./index.js";

/** PyTorch float64 (scripts/fixtures/margins.py) against the graph in the float64 interpreter. */
const expected = fixture("margins");

it.each<[string, (g: GraphBuilder, z: Value, label: Value, target: Value) => Value]>([
  ["dlr", differenceOfLogitsRatio],
  ["targeted_dlr", targetedDifferenceOfLogitsRatio],
  ["margin", margin],
  ["targeted_margin", targetedMargin],
  ["probability_margin", probabilityMargin],
])("%s has PyTorch's values and gradients", (name, make) => {
  const g = new GraphBuilder(name);
  const [z, label, target] = ["logits", "label", "target"].map((each) => {
    const { shape, dtype } = expected(each);
    return g.input(each, dtype, shape);
  });
  const loss = make(g, z!, label!, target!);
  const sum = g.op("ReduceSum", [loss], { keepdims: 0 }, { name: "sum" });
  for (const value of [loss, sum]) g.output(value);
  const feeds = Object.fromEntries(["logits", "label", "target"].map((each) => [each, expected(each)]));
  const outputs = evaluate(gradient(g.build(), { of: sum.name, withRespectTo: ["logits"] }), feeds);
  const numbers = (of: string): ArrayLike<number> => outputs[of]!.data;
  expect(relativeError(numbers(loss.name), expected(name).data as Float64Array)).toBeLessThan(1e-9);
  expect(relativeError(numbers("logits_grad"), expected(`grad.${name}`).data as Float64Array)).toBeLessThan(
    1e-9,
  );
});
