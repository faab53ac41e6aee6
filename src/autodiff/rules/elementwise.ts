import type { ElementwiseOp, OpType, Value } from "../../graph/index.js";
import { asNumber, insteadOfZero, positiveMask, type Rule, type RuleContext, type Rules } from "../rule.js";

/** y = f(x): x_grad = y_grad · f'(x), with f' from the input and the output. */
export const unary =
  <Op extends OpType>(derivative: (context: RuleContext<Op>, x: Value, y: Value) => Value): Rule<Op> =>
  (context) => {
    const { g, inputs, outputs, outputGrads } = context;
    return [g.op("Mul", [outputGrads[0], derivative(context, inputs[0]!, outputs[0]!)])];
  };

const passThrough: Rule = ({ outputGrads: [yGrad] }) => [yGrad!];

/** max or min of several: the gradient goes to the operands that attain it, split equally at ties. */
const extremum: Rule = ({ g, inputs, outputs: [y], outputGrads: [yGrad], needs }) => {
  const hits = inputs.map((x) => asNumber(g, g.op("Equal", [x, y]), y!));
  const count = hits.length === 1 ? hits[0]! : g.op("Sum", hits);
  return inputs.map((_, i) =>
    needs(i) ? g.op("Mul", [yGrad, hits.length === 1 ? hits[i] : g.op("Div", [hits[i], count])]) : null,
  );
};

export const ELEMENTWISE_RULES: Rules<ElementwiseOp> = {
  Identity: passThrough,
  Neg: ({ g, outputGrads: [yGrad] }) => [g.op("Neg", [yGrad])],
  Abs: unary(({ g }, x) => g.op("Sign", [x])),
  Exp: unary((_, __, y) => y),
  /** ∂ log x = 1 / x */
  Log: ({ g, inputs: [x], outputGrads: [yGrad] }) => [g.op("Div", [yGrad, x])],
  /** ∂ √x = 1 / 2y; 0 at 0, as for PyTorch's std and norm: one dead channel must not take the whole gradient away. */
  Sqrt: ({ g, outputs: [y], outputGrads: [yGrad] }) => [
    g.op("Div", [yGrad, g.op("Mul", [insteadOfZero(g, y!, Infinity), g.scalar(2, y)])]),
  ],
  /** ∂ (1/x) = −y² */
  Reciprocal: unary(({ g }, _, y) => g.op("Neg", [g.op("Mul", [y, y])])),
  Relu: unary(({ g }, _, y) => positiveMask(g, y)),
  /** ∂ σ = y (1 − y) */
  Sigmoid: unary(({ g }, _, y) => g.op("Mul", [y, g.op("Sub", [g.scalar(1, y), y])])),
  /** ∂ tanh = 1 − y² */
  Tanh: unary(({ g }, _, y) => g.op("Sub", [g.scalar(1, y), g.op("Mul", [y, y])])),
  /** α where 0 < αx + β < 1, else 0 */
  HardSigmoid: unary(({ g, attributes }, _, y) => {
    const inside = g.op("And", [g.op("Greater", [y, g.scalar(0, y)]), g.op("Less", [y, g.scalar(1, y)])]);
    return g.op("Mul", [asNumber(g, inside, y), g.scalar(attributes.alpha, y)]);
  }),
  Cast: ({ g, inputs: [x], outputGrads: [yGrad] }) => [g.op("Cast", [yGrad], { to: x!.dtype })],
  /** 1 strictly inside the bounds; they are treated as constants. */
  Clip: ({ g, inputs: [x], outputs: [y], outputGrads: [yGrad], needs }) => [
    needs(0) ? g.op("Mul", [yGrad, asNumber(g, g.op("Equal", [x, y]), x!)]) : null,
    null,
    null,
  ],
  Add: ({ outputGrads: [yGrad] }) => [yGrad!, yGrad!],
  Sub: ({ g, outputGrads: [yGrad], needs }) => [yGrad!, needs(1) ? g.op("Neg", [yGrad]) : null],
  Mul: ({ g, inputs: [a, b], outputGrads: [yGrad], needs }) => [
    needs(0) ? g.op("Mul", [yGrad, b]) : null,
    needs(1) ? g.op("Mul", [yGrad, a]) : null,
  ],
  /** ∂ (a/b) = (1/b, −y/b) */
  Div: ({ g, inputs: [, b], outputs: [y], outputGrads: [yGrad], needs }) => {
    const scaled = g.op("Div", [yGrad, b]);
    return [scaled, needs(1) ? g.op("Neg", [g.op("Mul", [scaled, y])]) : null];
  },
  /** ∂ a^b = (b a^(b−1), y log a); as for a root, 0 at a = 0 if b is constant and in [0, 1). */
  Pow: ({ g, inputs: [a, b], outputs: [y], outputGrads: [yGrad], needs }) => {
    const exponent = g.constantOf(b!)?.data as ArrayLike<number> | undefined;
    const isRoot = exponent !== undefined && Array.from(exponent).every((each) => each >= 0 && each < 1);
    const base = isRoot && needs(0) ? insteadOfZero(g, a!, Infinity) : a;
    return [
      needs(0)
        ? g.op("Mul", [yGrad, g.op("Mul", [b, g.op("Pow", [base, g.op("Sub", [b, g.scalar(1, b)])])])])
        : null,
      needs(1) ? g.op("Mul", [yGrad, g.op("Mul", [y, g.op("Log", [a])])]) : null,
    ];
  },
  Max: extremum,
  Min: extremum,
  Sum: ({ inputs, outputGrads: [yGrad] }) => inputs.map(() => yGrad!),
  Where: ({ g, inputs: [condition], outputGrads: [yGrad], needs }) => {
    const zero = g.scalar(0, yGrad!);
    return [
      null,
      needs(1) ? g.op("Where", [condition, yGrad, zero]) : null,
      needs(2) ? g.op("Where", [condition, zero, yGrad]) : null,
    ];
  },
};
