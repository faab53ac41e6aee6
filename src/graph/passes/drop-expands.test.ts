import { describe, expect, it } from "vitest";
import { evaluate } from "../../../test/reference/index.js";
import { sizeOf, tensor, type Tensor } from "../../tensor/index.js";
import { GraphBuilder, type Graph, type Value } from "../index.js";
import { deadCode } from "./dead-code.js";
import { dropExpands } from "./drop-expands.js";

const MAPS = [2, 3, 4, 4];

const counted = (shape: readonly number[]): Tensor<"float64"> =>
  tensor(
    "float64",
    shape,
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
  );
const feeds = { maps: counted(MAPS), shift: counted([3, 1, 1]) };

type Use = (g: GraphBuilder, maps: Value, expanded: Value) => Value;

function graph(use: Use, pass: (whole: Graph) => Graph = (whole) => deadCode(dropExpands(whole))): Graph {
  const g = new GraphBuilder("expands");
  const maps = g.input("maps", "float32", MAPS);
  const shift = g.input("shift", "float32", [3, 1, 1]);
  g.output(use(g, maps, g.op("Expand", [shift, g.ints(MAPS)])), "y");
  return pass(g.build());
}
const opsOf = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op).filter((op) => op !== "Identity");

describe("dropExpands", () => {
  it.each(["Add", "Sub", "Mul", "Div", "Sum"] as const)("lets %s broadcast the small value", (op) => {
    const found = graph((g, maps, expanded) => g.op(op, [expanded, maps]));
    expect(opsOf(found)).toEqual([op]);
    expect(found.nodes[0]!.inputs).toEqual(["shift", "maps"]);
    const plain = graph(
      (g, maps, expanded) => g.op(op, [expanded, maps]),
      (whole) => whole,
    );
    expect(opsOf(plain)).toEqual(["Expand", op]);
    expect(evaluate(found, feeds)["y"]).toEqual(evaluate(plain, feeds)["y"]);
  });

  it("keeps one of two Expands that feed the same op, for the shape of its output", () => {
    const found = graph((g, _, expanded) => g.op("Mul", [expanded, expanded]));
    expect(opsOf(found)).toEqual(["Expand", "Mul"]);
    expect(found.nodes[1]!.inputs.filter((name) => name === "shift")).toHaveLength(1);
  });

  it("keeps an Expand that feeds an op without broadcasting, or an output", () => {
    expect(opsOf(graph((g, _, expanded) => g.op("Relu", [expanded])))).toEqual(["Expand", "Relu"]);
    expect(opsOf(graph((_g, _maps, expanded) => expanded))).toContain("Expand");
  });
});
