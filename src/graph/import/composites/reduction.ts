/** Reductions: converts their axes to the form of the internal opset, and expresses some by others. */
import type { OpType } from "../../catalogue/index.js";
import type { Dim, Value } from "../../graph.js";
import type { ImportBuilder } from "../import-builder.js";
import { raise, Unsupported, type Raise } from "../raise.js";

type V = Value<Dim>;

interface Parts {
  /** The reduction to apply. `before` changes its elements, `after` its result. */
  readonly op: OpType;
  readonly before?: (g: ImportBuilder, x: V) => V;
  readonly after?: (g: ImportBuilder, y: V) => V;
  /** What the op computes if no axis is reduced. */
  readonly alone?: (g: ImportBuilder, x: V) => V;
}

/**
 * Axes were an attribute before opset 18 (ReduceSum: 13). Without axes, all are reduced, or none with
 * noop_with_empty_axes.
 */
const reduction = ({ op, before = (_, x) => x, after = (_, y) => y, alone }: Parts): Raise =>
  raise({
    attributes: {
      axes: { kind: "ints" },
      keepdims: { kind: "int", default: 1 },
      noop_with_empty_axes: { kind: "int", default: 0 },
    },
    emit: ({ g, inputs, attributes: { axes: given, keepdims, noop_with_empty_axes: noop } }) => {
      const x = inputs[0]!;
      const listed = given ?? (inputs[1] && g.elementsOf(inputs[1]));
      if (inputs[1] !== undefined && listed === undefined) {
        throw new Unsupported("axes (input 1) must be known before running");
      }
      const axes =
        listed !== undefined && listed.length > 0 ? g.ints(listed as readonly number[]) : undefined;
      if (axes === undefined && noop === 1) {
        return [g.op("Identity", [after(g, (alone ?? ((_, each) => each))(g, before(g, x)))])];
      }
      return [after(g, g.op(op, [before(g, x), axes], { keepdims }))];
    },
  });

const abs = (g: ImportBuilder, x: V): V => g.op("Abs", [x]);

export const REDUCTIONS: Readonly<Record<string, Raise>> = {
  ReduceSum: reduction({ op: "ReduceSum" }),
  ReduceMean: reduction({ op: "ReduceMean" }),
  ReduceMax: reduction({ op: "ReduceMax" }),
  ReduceMin: reduction({ op: "ReduceMin" }),
  ReduceProd: reduction({ op: "ReduceProd" }),
  ReduceL2: reduction({ op: "ReduceL2", alone: abs }),
  ReduceSumSquare: reduction({ op: "ReduceSumSquare", alone: (g, x) => g.op("Mul", [x, x]) }),
  ReduceLogSumExp: reduction({ op: "ReduceLogSumExp" }),
  /** Σ |x| */
  ReduceL1: reduction({ op: "ReduceSum", before: abs }),
  /** log Σ x */
  ReduceLogSum: reduction({ op: "ReduceSum", after: (g, y) => g.op("Log", [y]) }),
};
