import { reshapeTo, type ContractionOp, type GraphBuilder, type Value } from "../../graph/index.js";
import { sizeOf } from "../../tensor/index.js";
import { swapLastAxes, type Rule, type Rules } from "../rule.js";

/** alpha · op(A) op(B) + beta · C, by cases of the transposes. */
const gemm: Rule<"Gemm"> = ({ g, inputs: [a, b, c], outputGrads: [yGrad], attributes, needs }) => {
  const alpha = attributes.alpha;
  const [transA, transB] = [attributes.transA, attributes.transB];
  const product = (left: Value, right: Value, transLeft: number, transRight: number): Value =>
    g.op("Gemm", [left, right], { alpha, transA: transLeft, transB: transRight });
  const beta = attributes.beta;
  return [
    needs(0) ? (transA ? product(b!, yGrad!, transB, 1) : product(yGrad!, b!, 0, 1 - transB)) : null,
    needs(1) ? (transB ? product(yGrad!, a!, 1, transA) : product(a!, yGrad!, 1 - transA, 0)) : null,
    c === undefined || !needs(2) ? null : beta === 1 ? yGrad! : g.op("Mul", [yGrad, g.scalar(beta, c)]),
  ];
};

/** MatMul: a_grad = y_grad @ bᵀ, b_grad = aᵀ @ y_grad; vectors as one-row or one-column matrices. */
const matMul: Rule = ({ g, inputs: [a, b], outputGrads: [yGrad], needs }) => {
  const matrix = (v: Value, column: boolean): Value =>
    v.shape.length > 1 ? v : reshapeTo(g, v, column ? [v.shape[0]!, 1] : [1, v.shape[0]!]);
  const [left, right] = [matrix(a!, false), matrix(b!, true)];
  const batch = yGrad!.shape.slice(
    0,
    yGrad!.shape.length - Number(a!.shape.length > 1) - Number(b!.shape.length > 1),
  );
  const grad = reshapeTo(g, yGrad!, [...batch, left.shape.at(-2)!, right.shape.at(-1)!]);
  // One matrix for the whole batch, of which b_grad is the sum: a single product over all rows.
  const [rows, gradRows] = [left, grad].map((v) => (right.shape.length === 2 ? asMatrix(g, v) : v)) as [
    Value,
    Value,
  ];
  const flat = (v: Value, like: Value): Value => (like.shape.length > 1 ? v : vector(g, v, like.shape[0]!));
  return [
    needs(0) ? flat(g.op("MatMul", [grad, swapLastAxes(g, right)]), a!) : null,
    needs(1) ? flat(g.op("MatMul", [swapLastAxes(g, rows), gradRows]), b!) : null,
  ];
};

/** `[…, K]` → `[rows, K]`. */
function asMatrix(g: GraphBuilder, value: Value): Value {
  const columns = value.shape.at(-1)!;
  return reshapeTo(g, value, [sizeOf(value.shape) / columns, columns]);
}

/** `[…batch, 1, K]` or `[…batch, K, 1]` → `[K]`, summed over the batch. */
function vector(g: GraphBuilder, value: Value, length: number): Value {
  const rows = reshapeTo(g, value, [sizeOf(value.shape) / length, length]);
  return g.op("ReduceSum", [rows, g.ints([0])], { keepdims: 0 });
}

export const CONTRACTION_RULES: Rules<ContractionOp> = {
  Gemm: gemm,
  MatMul: matMul,
};
