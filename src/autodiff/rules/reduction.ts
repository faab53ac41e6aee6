import { reducedAxes, reshapeTo, type FlatOp, type ReductionOp, type Value } from "../../graph/index.js";
import { sizeOf } from "../../tensor/index.js";
import {
  asNumber,
  insteadOfZero,
  type Rule as AnyRule,
  type RuleContext as AnyContext,
  type Rules,
} from "../rule.js";

type Reducing = Exclude<ReductionOp, FlatOp>;
type Rule = AnyRule<Reducing>;
type RuleContext = AnyContext<Reducing>;

/** The shape of the input with 1 at the reduced axes. */
function keptShape({ inputs: [x], types }: RuleContext): number[] {
  const axes = reducedAxes(types);
  return x!.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
}

/** `value` (in the output's shape) with the reduced axes restored as 1, so that it broadcasts. */
function kept(context: RuleContext, value: Value): Value {
  return reshapeTo(context.g, value, keptShape(context));
}

/** y = reduce(x): x_grad = y_grad · weight(x, y), everything broadcast over the reduced axes. */
const weighted =
  (weight: (context: RuleContext, x: Value, y: Value) => Value): Rule =>
  (context) => {
    const { g, inputs, outputs, outputGrads } = context;
    const grad = kept(context, outputGrads[0]!);
    return [g.op("Mul", [weight(context, inputs[0]!, kept(context, outputs[0]!)), grad]), null];
  };

/** A max or min: the gradient is split equally among the elements that attain it. */
const extremum = weighted((context, x, y) => {
  const { g } = context;
  const hits = asNumber(g, g.op("Equal", [x, y]), x);
  const count = g.op("ReduceSum", [hits, g.ints(reducedAxes(context.types))], { keepdims: 1 });
  return g.op("Div", [hits, count]);
});

function expanded(context: RuleContext, grad: Value): Value {
  const { g, inputs } = context;
  return g.op("Expand", [kept(context, grad), g.ints(inputs[0]!.shape)]);
}

export const REDUCTION_RULES: Rules<ReductionOp> = {
  ReduceSum: (context) => [expanded(context, context.outputGrads[0]!), null],
  ReduceMean: (context) => {
    const { g, inputs, outputs, outputGrads } = context;
    const count = sizeOf(inputs[0]!.shape) / sizeOf(outputs[0]!.shape);
    return [expanded(context, g.op("Mul", [outputGrads[0], g.scalar(1 / count, inputs[0])])), null];
  },
  ReduceMax: extremum,
  ReduceMin: extremum,
  /**
   * The derivative is the product of the other elements. Zeros are counted, to avoid dividing by them: the product is 0
   * if another element is zero. (In the second order, products that omit other zeros are lost.)
   */
  ReduceProd: (context) => {
    const { g, inputs, outputGrads } = context;
    const x = inputs[0]!;
    const axes = g.ints(reducedAxes(context.types));
    const isZero = g.op("Equal", [x, g.scalar(0, x)]);
    const zero = asNumber(g, isZero, x);
    const divisor = g.op("Where", [isZero, g.scalar(1, x), x]);
    const others = g.op("Sub", [g.op("ReduceSum", [zero, axes], { keepdims: 1 }), zero]);
    const product = g.op("Div", [g.op("ReduceProd", [divisor, axes], { keepdims: 1 }), divisor]);
    const alone = asNumber(g, g.op("Equal", [others, g.scalar(0, x)]), x);
    return [g.op("Mul", [g.op("Mul", [product, alone]), kept(context, outputGrads[0]!)]), null];
  },
  /** ∂ ‖x‖₂ = x / ‖x‖₂; 0 at 0, as in PyTorch */
  ReduceL2: weighted(({ g }, x, y) => g.op("Div", [x, insteadOfZero(g, y, 1)])),
  /** ∂ Σx² = 2x */
  ReduceSumSquare: (context) => {
    const { g, inputs, outputGrads } = context;
    const doubled = g.op("Mul", [kept(context, outputGrads[0]!), g.scalar(2, inputs[0])]);
    return [g.op("Mul", [inputs[0], doubled]), null];
  },
  /** ∂ log Σ eˣ = e^(x − y) */
  ReduceLogSumExp: weighted(({ g }, x, y) => g.op("Exp", [g.op("Sub", [x, y])])),
};
