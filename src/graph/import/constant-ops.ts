import { int64, sizeOf, tensor, toNumbers, type Tensor } from "../../tensor/index.js";
import type { Dim, Value } from "../graph.js";
import { raise, Unsupported, type Raise, type RaiseContext } from "./raise.js";

/** Elements of a result: what exporters compute with these ops are sizes and positions. */
const LONGEST = 4096;

function range([start, limit, delta]: readonly Tensor[]): Tensor {
  const first = (each: Tensor | undefined): number => toNumbers(each!)[0] ?? NaN;
  const [from, to, step] = [first(start), first(limit), first(delta)];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(length <= LONGEST)) throw new Unsupported(`gives ${length} numbers; ${LONGEST} are allowed`);
  return like(
    start!,
    [length],
    Array.from({ length }, (_, i) => from + i * step),
  );
}

function product([x]: readonly Tensor[], keepdims: number): Tensor {
  if (x!.shape.length !== 1) throw new Unsupported("it is over more than one axis");
  return like(x!, keepdims === 1 ? [1] : [], [toNumbers(x!).reduce((a, b) => a * b, 1)]);
}

/** The constant that a node of `count` constant inputs comes to. @throws Unsupported where an input is not known. */
function computed(
  { g, inputs }: Pick<RaiseContext, "g" | "inputs">,
  count: number,
  evaluate: (constants: readonly Tensor[]) => Tensor,
): readonly Value<Dim>[] {
  const constants = inputs.slice(0, count).flatMap((value) => (value && g.constantOf(value)) ?? []);
  if (constants.length < count) throw new Unsupported("this op is read only where its inputs are constants");
  if (constants.some(({ data }) => data.length > LONGEST)) {
    throw new Unsupported(`has more than ${LONGEST} numbers`);
  }
  return [g.computed(evaluate(constants))];
}

/** Ops that a graph here cannot have, but that exporters compute sizes with: read where their inputs are constants. */
export const CONSTANT_OPS: Readonly<Record<string, Raise>> = {
  Range: raise({ attributes: {}, emit: (context) => computed(context, 3, range) }),
  ReduceProd: raise({
    attributes: { keepdims: { kind: "int", default: 1 } },
    emit: (context) => computed(context, 1, (inputs) => product(inputs, context.attributes.keepdims)),
  }),
  Size: raise({
    attributes: {},
    emit: (context) => computed(context, 1, ([x]) => int64([], [sizeOf(x!.shape)])),
  }),
};

function like({ dtype }: Tensor, shape: readonly number[], values: readonly number[]): Tensor {
  if (dtype === "float32") return tensor(dtype, shape, Float32Array.from(values));
  if (dtype !== "int64" && dtype !== "int32") {
    throw new Unsupported(`it is computed for float32, int32 and int64 only, found ${dtype}`);
  }
  if (!values.every(Number.isSafeInteger)) throw new Unsupported("its value is no whole number");
  return dtype === "int64" ? int64(shape, values) : tensor(dtype, shape, Int32Array.from(values));
}
