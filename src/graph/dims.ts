import type { Dim } from "./graph.js";

/** The product sign in an open dimension: "64·N" is 64 times the dimension N. */
const TIMES = "·";

/** A number times named dimensions. */
interface Monomial {
  readonly factor: number;
  /** Sorted. */
  readonly names: readonly string[];
}

function parsed(dim: Dim): Monomial {
  if (typeof dim === "number") return { factor: dim, names: [] };
  const parts = dim.split(TIMES);
  if (parts.length === 1 || !/^\d+$/.test(parts[0]!)) return { factor: 1, names: parts };
  return { factor: Number(parts[0]), names: parts.slice(1) };
}

function written({ factor, names }: Monomial): Dim {
  if (names.length === 0 || factor === 0) return factor;
  const product = [...names].sort().join(TIMES);
  return factor === 1 && !/^\d+$/.test(names[0]!) ? product : `${factor}${TIMES}${product}`;
}

/** The product of dimensions. If one is open, the product is a name such as "64·N". */
export function productOf(dims: readonly Dim[]): Dim {
  const parts = dims.map(parsed);
  return written({
    factor: parts.reduce((product, { factor }) => product * factor, 1),
    names: parts.flatMap(({ names }) => names),
  });
}

/** `dividend / divisor` if that is an integer whatever the open dimensions are, otherwise undefined. */
export function quotientOf(dividend: Dim, divisor: Dim): Dim | undefined {
  const [a, b] = [parsed(dividend), parsed(divisor)];
  const names = [...a.names];
  for (const name of b.names) {
    const at = names.indexOf(name);
    if (at < 0) return undefined;
    names.splice(at, 1);
  }
  const factor = a.factor / b.factor;
  return Number.isSafeInteger(factor) ? written({ factor, names }) : undefined;
}

/** `a + b` if the sum can be written as such a product, otherwise undefined. */
export function addDims(a: Dim, b: Dim): Dim | undefined {
  const [x, y] = [parsed(a), parsed(b)];
  if (x.factor === 0) return b;
  if (y.factor === 0) return a;
  return x.names.join(TIMES) === y.names.join(TIMES)
    ? written({ factor: x.factor + y.factor, names: x.names })
    : undefined;
}

/** `a − b` if the difference can be written as such a product, otherwise undefined. */
export function subtractDims(a: Dim, b: Dim): Dim | undefined {
  const [x, y] = [parsed(a), parsed(b)];
  if (y.factor === 0) return a;
  return x.names.join(TIMES) === y.names.join(TIMES) && x.factor >= y.factor
    ? written({ factor: x.factor - y.factor, names: x.names })
    : undefined;
}

/** The number and the names that a dimension is the product of. */
export function factorsOf(dim: Dim): { readonly factor: number; readonly names: readonly string[] } {
  return parsed(dim);
}

/** Names that exporters give to a dimension without a name. */
const UNNAMED = /^(?:|\?|\*|-1|none|null|unknown|dynamic)$/i;

/** The name of an input's open dimension: the one in the file, or a unique one if the file gives none. */
export function dimensionName(input: string, axis: number, name: string): string {
  return UNNAMED.test(name) ? `${input}_dim_${axis}` : name.replaceAll(TIMES, ".");
}
