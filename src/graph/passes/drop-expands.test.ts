import { describe, expect, it } from "vitest";
import { GraphBuilder, type Graph, type Value } from "../index.js";
import { deadCode } from "./dead-code.js";
import { dropExpands } from "./drop-expands.js";

const MAPS = [2, 3, 4, 4];

function graph(use: (g: GraphBuilder, maps: Value, expanded: Value) => Value): Graph {
  const g = new GraphBuilder("expands");
  const maps = g.input("maps", "float32", MAPS);
  const shift = g.input("shift", "float32", [3, 1, 1]);
  g.output(use(g, maps, g.op("Expand", [shift, g.ints(MAPS)])), "y");
  return deadCode(dropExpands(g.build()));
}
const opsOf = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op).filter((op) => op !== "Identity");

describe("dropExpands", () => {
  it.each(["Add", "Sub", "Mul", "Div", "Sum"] as const)("lets %s broadcast the small value", (op) => {
    const found = graph((g, maps, expanded) => g.op(op, [expanded, maps]));
    expect(opsOf(found)).toEqual([op]);
    expect(found.nodes[0]!.inputs).toEqual(["shift", "maps"]);
  });

  it("keeps one of two that meet only each other, for the shape's sake", () => {
    const found = graph((g, _, expanded) => g.op("Mul", [expanded, expanded]));
    expect(opsOf(found)).toEqual(["Expand", "Mul"]);
    expect(found.nodes[1]!.inputs.filter((name) => name === "shift")).toHaveLength(1);
  });

  it("keeps what an operator reads that does not broadcast, and what is an output", () => {
    expect(opsOf(graph((g, _, expanded) => g.op("Relu", [expanded])))).toEqual(["Expand", "Relu"]);
    expect(opsOf(graph((_g, _maps, expanded) => expanded))).toContain("Expand");
  });
});
