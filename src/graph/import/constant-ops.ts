import { int64, sizeOf, tensor, toNumbers, type Tensor } from "../../tensor/index.js";
import { Unsupported, type RawNode } from "./raise.js";

/** Elements of a result: what exporters compute with these ops are sizes and positions. */
const LONGEST = 4096;

type Evaluate = (inputs: readonly Tensor[], attributes: RawNode["attributes"]) => Tensor;

/** Quotient rounded down, or towards zero with fmod: as ONNX defines the remainder's sign. */
const mod: Evaluate = ([a, b], { fmod = 0 }) => {
  const [numbers, divisors] = [toNumbers(a!), toNumbers(b!)];
  if (divisors.length !== 1 && divisors.length !== numbers.length) throw new Unsupported("it broadcasts");
  const remainder = numbers.map((x, i) => {
    const y = divisors[divisors.length === 1 ? 0 : i]!;
    return fmod === 1 ? x % y : x - Math.floor(x / y) * y;
  });
  return like(a!, a!.shape, remainder);
};

const range: Evaluate = ([start, limit, delta]) => {
  const first = (each: Tensor | undefined): number => toNumbers(each!)[0] ?? NaN;
  const [from, to, step] = [first(start), first(limit), first(delta)];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= LONGEST)) throw new Unsupported(`gives ${length} numbers; ${LONGEST} are allowed`);
  return like(
    start!,
    [length],
    Array.from({ length }, (_, i) => from + i * step),
  );
};

const product: Evaluate = ([x], { keepdims = 1 }) => {
  if (x!.shape.length !== 1) throw new Unsupported("it is over more than one axis");
  return like(x!, keepdims === 1 ? [1] : [], [toNumbers(x!).reduce((a, b) => a * b, 1)]);
};

/** Ops that a graph here cannot have, but that exporters compute sizes with: read where their inputs are constants. */
const CONSTANT_OPS: ReadonlyMap<string, { readonly inputs: number; readonly evaluate: Evaluate }> = new Map([
  ["Mod", { inputs: 2, evaluate: mod }],
  ["Range", { inputs: 3, evaluate: range }],
  ["ReduceProd", { inputs: 1, evaluate: product }],
  ["Size", { inputs: 1, evaluate: ([x]) => int64([], [sizeOf(x!.shape)]) }],
]);

export function isConstantOp(op: string): boolean {
  return CONSTANT_OPS.has(op);
}

/** @throws Unsupported where an input is not known, or the result is no number. */
export function evaluateConstantOp(node: RawNode, constantOf: (name: string) => Tensor | undefined): Tensor {
  const { inputs: count, evaluate } = CONSTANT_OPS.get(node.op)!;
  const inputs = node.inputs.slice(0, count).map(constantOf);
  if (inputs.length < count || inputs.some((data) => data === undefined)) {
    throw new Unsupported("this op is read only where its inputs are constants");
  }
  if (inputs.some((data) => data!.data.length > LONGEST))
    throw new Unsupported(`has more than ${LONGEST} numbers`);
  return evaluate(inputs as Tensor[], node.attributes);
}

function like({ dtype }: Tensor, shape: readonly number[], values: readonly number[]): Tensor {
  if (dtype === "float32") return tensor(dtype, shape, Float32Array.from(values));
  if (dtype !== "int64" && dtype !== "int32") {
    throw new Unsupported(`it is computed for float32, int32 and int64 only, found ${dtype}`);
  }
  if (!values.every(Number.isSafeInteger)) throw new Unsupported("its value is no whole number");
  return dtype === "int64" ? int64(shape, values) : tensor(dtype, shape, Int32Array.from(values));
}
