import { expect, test } from "vitest";
import { smallDataset, smallFixture, smallNetwork } from "../../test/small-network.js";
import { renderReport } from "../report/index.js";
import { evaluateModels, parseResult } from "./index.js";

test.each(["auto", "standard", "rand"])(
  "%s in L1 has a result, and a report that says so",
  async (attack) => {
    const dataset = smallDataset((smallFixture("labels").data as Int32Array).slice(0, 12));
    const info = { recipe: null, path: "m", sha256: "0".repeat(64), architecture: "small" };
    const result = await evaluateModels(
      [{ name: "m", classifier: smallNetwork(), info }],
      { dataset, population: dataset.length, seed: 0 },
      { attack, norm: "l1", epsilons: [3], threads: 1 },
      { tool: { name: "holdfast", version: "0.0.0" } },
    );
    const measured = result.measurements.find(({ kind }) => kind === "white-box");
    if (measured?.kind !== "white-box") throw new Error("nothing was attacked");
    expect(measured.threat).toEqual({ norm: "l1", epsilon: 3 });
    expect(measured.largestPerturbation).toBeLessThanOrEqual(3);
    expect(measured.correct).toBeLessThan(measured.n);
    expect(parseResult(JSON.parse(JSON.stringify(result)), "result").measurements.length).toBe(2);
    expect(await renderReport(result)).toContain("L1, ε = 3");
  },
);
