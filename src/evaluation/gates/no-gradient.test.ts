import { expect, test } from "vitest";
import { noGradientGate } from "./no-gradient.js";
import type { AttackMeasurement } from "../result/index.js";

const node = (name: string): { node: string; op: string; problem: string; needed: string } => ({
  node: name,
  op: "Unique",
  problem: "is not known",
  needed: "another export",
});
const parameters = { steps: null, restarts: null };
const measured = (kind: string, attack: string): AttackMeasurement =>
  ({ id: `${kind} ${attack}`, model: "m", kind, attack, parameters }) as unknown as AttackMeasurement;

test("every number of a model that was attacked without gradients is warned of, with its nodes", () => {
  const measurements = [measured("white-box", "square"), measured("transfer", "pgd")];
  const models = [{ name: "m", unread: ["a", "b", "c", "d"].map(node) }, { name: "other" }];
  const [warning, ...others] = noGradientGate({ models, measurements });
  expect(others).toEqual([]);
  expect(warning).toMatchObject({ code: "no-gradient", severity: "warning" });
  expect(warning!.measurements).toEqual(["white-box square", "transfer pgd"]);
  expect(warning!.message).toMatch(
    /^m: no gradient: 4 of its nodes are not supported: a \(Unique\): is not known; needed: another export; .*; and 1 more\. /,
  );
  expect(warning!.message).toContain("Only Square attacked it.");
});
