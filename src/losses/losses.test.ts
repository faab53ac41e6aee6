import { describe, expect, it } from "vitest";
import { evaluate } from "../../test/reference/index.js";
import { fixture, relativeError } from "../../test/fixture.js";
import { gradient } from "../autodiff/index.js";
import { GraphBuilder, type Graph, type Value } from "../graph/index.js";
import type { Tensor } from "../tensor/index.js";
import { attentionMap, totalLoss } from "./index.js";

/** PyTorch float64 (scripts/fixtures/losses.py) against the graph in the float64 interpreter. */
const expected = fixture("losses");
const GROUPS = [0, 1, 2];
const inputNames = [
  "one_hot",
  "clean_logits",
  "adversarial_logits",
  ...GROUPS.flatMap((j) => [`clean.${j}`, `adversarial.${j}`]),
];

function lossGraph(): { graph: Graph; terms: Readonly<Record<string, Value>>; total: Value; mean: Value } {
  const g = new GraphBuilder("losses");
  const [oneHot, cleanLogits, adversarialLogits, ...taps] = inputNames.map((name) => {
    const { dtype, shape } = expected(name);
    return g.input(name, dtype, shape);
  });
  const maps = (which: number): Value[] => GROUPS.map((j) => attentionMap(g, taps[2 * j + which]!));
  const { perImage, terms } = totalLoss(
    g,
    {
      clean: { logits: cleanLogits!, attention: maps(0) },
      adversarial: { logits: adversarialLogits!, attention: maps(1) },
      oneHot: oneHot!,
    },
    { clean: 0.5, adversarial: 0.5, logitPairing: 0.1, attentionPairing: 0.5 },
  );
  const mean = g.op("ReduceMean", [perImage], { keepdims: 0 });
  for (const value of [perImage, mean, ...Object.values(terms)]) g.output(value);
  return { graph: g.build(), terms, total: perImage, mean };
}

const feeds = Object.fromEntries(inputNames.map((name): [string, Tensor] => [name, expected(name)]));
const numbers = (tensor: Tensor | undefined): ArrayLike<number> => tensor!.data as Float64Array;

describe("losses of AT+ALP against PyTorch in float64", () => {
  const { graph, terms, total, mean } = lossGraph();

  it("has the same terms and the same sum", () => {
    const outputs = evaluate(graph, feeds);
    expect(relativeError(numbers(outputs[total.name]), numbers(expected("total")))).toBeLessThan(1e-12);
    const names = {
      clean: "clean",
      adversarial: "adversarial",
      logitPairing: "logit_pairing",
      attentionPairing: "attention_pairing",
    };
    for (const [ours, theirs] of Object.entries(names)) {
      const error = relativeError(numbers(outputs[terms[ours]!.name]), numbers(expected(`term.${theirs}`)));
      expect(error, ours).toBeLessThan(1e-9);
    }
  });

  it("has the same gradients, and none of them is NaN where a pair is equal", () => {
    const withRespectTo = inputNames.slice(1);
    const outputs = evaluate(gradient(graph, { of: mean.name, withRespectTo }), feeds);
    for (const name of withRespectTo) {
      const error = relativeError(numbers(outputs[`${name}_grad`]), numbers(expected(`grad.${name}`)));
      expect(error, name).toBeLessThan(1e-9);
    }
  });

  it("pairs equal attention at exactly 0", () => {
    const outputs = evaluate(graph, feeds);
    expect(numbers(outputs[terms["attentionPairing"]!.name])[0]).toBe(0);
  });

  it("refuses a weighted term whose branch is missing, and a loss of nothing", () => {
    const g = new GraphBuilder("broken");
    const logits = g.input("logits", "float32", [2, 3]);
    const oneHot = g.input("one_hot", "float32", [2, 3]);
    const weights = { clean: 0, adversarial: 0, logitPairing: 0, attentionPairing: 0 };
    const clean = { logits, attention: [] };
    expect(() => totalLoss(g, { clean, oneHot }, { ...weights, adversarial: 1 })).toThrow(
      /adversarial images/,
    );
    expect(() => totalLoss(g, { clean, oneHot }, weights)).toThrow(/every weight/);
  });
});
