import type { GraphBuilder } from "../../builder.js";
import type { Dim, Value } from "../../graph.js";
import { Unsupported } from "../raise.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;

/**
 * A value with a label for each axis. The axes of an ellipsis are labelled …0, …1 and so on, from the last one back.
 */
interface Term {
  readonly value: V;
  readonly labels: readonly string[];
}

/**
 * Einsum: out[o…] = Σ Π termᵢ[labelsᵢ…], summed over the labels that the output lacks. Terms are multiplied from left
 * to right: as a MatMul if the pair has labels to sum over, otherwise as a Mul. A dimension of 1 broadcasts.
 *
 * @throws Unsupported for an invalid equation, or one that does not fit the values.
 */
export function einsum(g: G, equation: string, values: readonly V[]): V {
  const { terms, output } = parsed(equation, values);
  const sizes = sizesOf(terms);
  const stray = output.find((label) => !sizes.has(label));
  if (stray !== undefined) throw new Unsupported(`its output has "${stray}", which no input has`);
  const ready = terms.map((term) => narrowed(g, diagonal(g, term), sizes));
  const result = ready.reduce((product, term, i) => {
    const later = new Set([...output, ...ready.slice(i + 1).flatMap(({ labels }) => labels)]);
    return multiplied(g, summed(g, product, [term], later), summed(g, term, [product], later), later);
  });
  return inOrder(g, summed(g, result, [], new Set(output)), output).value;
}

function parsed(equation: string, values: readonly V[]): { terms: Term[]; output: string[] } {
  const wrong = (): Unsupported =>
    new Unsupported(`its equation "${equation.slice(0, 80)}" is not understood`);
  const [left, right, ...more] = equation.replaceAll(/\s/g, "").split("->");
  const written = left!.split(",");
  const isTerm = (text: string): boolean => /^[A-Za-z]*(\.\.\.[A-Za-z]*)?$/.test(text);
  if (more.length > 0 || ![...written, right ?? ""].every(isTerm)) throw wrong();
  if (written.length !== values.length) {
    throw new Unsupported(
      `its equation "${equation.slice(0, 80)}" has ${written.length} inputs, found ${values.length}`,
    );
  }
  let widest = 0;
  const terms = written.map((text, i): Term => {
    const value = values[i]!;
    const rest = value.shape.length - text.replace("...", "").length;
    if (text.includes("...") ? rest < 0 : rest !== 0) {
      throw new Unsupported(`its term "${text}" does not fit [${value.shape.join(", ")}]`);
    }
    widest = Math.max(widest, rest);
    return { value, labels: labelsOf(text, rest) };
  });
  if (right === undefined) {
    const all = terms.flatMap(({ labels }) => labels.filter((label) => label.length === 1)).sort();
    const once = all.filter((label, i) => label !== all[i - 1] && label !== all[i + 1]);
    return { terms, output: [...labelsOf("...", widest), ...once] };
  }
  const output = labelsOf(right, widest);
  if (new Set(output).size < output.length) throw wrong();
  return { terms, output };
}

function labelsOf(text: string, ellipsis: number): string[] {
  const [before, after] = text.split("...") as [string, string?];
  if (after === undefined) return [...before];
  return [...before, ...Array.from({ length: ellipsis }, (_, i) => `…${ellipsis - 1 - i}`), ...after];
}

/** The size of each label. If terms differ, it is the one that is not 1. */
function sizesOf(terms: readonly Term[]): Map<string, Dim> {
  const sizes = new Map<string, Dim>();
  for (const { value, labels } of terms) {
    labels.forEach((label, axis) => {
      const [dim, known] = [value.shape[axis]!, sizes.get(label) ?? 1];
      if (dim !== 1 && known !== 1 && dim !== known) {
        throw new Unsupported(`its "${label}" is both ${known} and ${dim}`);
      }
      if (known === 1) sizes.set(label, dim);
    });
  }
  return sizes;
}

/** Takes the diagonal of labels that occur twice in a term. */
function diagonal(g: G, term: Term): Term {
  const { labels } = term;
  const twice = labels.find((label, axis) => labels.indexOf(label) !== axis);
  if (twice === undefined) return term;
  const [first, second] = [labels.indexOf(twice), labels.lastIndexOf(twice)];
  const [length, other] = [term.value.shape[first]!, term.value.shape[second]!];
  if (typeof length !== "number" || length !== other) {
    throw new Unsupported(`takes the diagonal of ${length} × ${other}`);
  }
  const rest = labels.filter((_, axis) => axis !== first && axis !== second);
  const perm = labels.map((_, axis) => axis).filter((axis) => axis !== first && axis !== second);
  const last = g.op("Transpose", [term.value], { perm: [...perm, first, second] });
  const flat = g.op("Reshape", [last, g.ints([...rest.map(() => 0), length * length])]);
  const places = g.ints(Array.from({ length }, (_, i) => i * (length + 1)));
  return diagonal(g, {
    value: g.op("Gather", [flat, places], { axis: rest.length }),
    labels: [...rest, twice],
  });
}

/** Removes axes of size 1 whose label is longer in another term. */
function narrowed(g: G, { value, labels }: Term, sizes: ReadonlyMap<string, Dim>): Term {
  const axes = labels.flatMap((label, axis) =>
    value.shape[axis] === 1 && sizes.get(label) !== 1 ? [axis] : [],
  );
  if (axes.length === 0) return { value, labels };
  return {
    value: g.op("Squeeze", [value, g.ints(axes)]),
    labels: labels.filter((_, axis) => !axes.includes(axis)),
  };
}

/** Sums over the labels that are in neither `others` nor `kept`. */
function summed(g: G, { value, labels }: Term, others: readonly Term[], kept: ReadonlySet<string>): Term {
  const has = (label: string): boolean =>
    kept.has(label) || others.some((other) => other.labels.includes(label));
  const axes = labels.flatMap((label, axis) => (has(label) ? [] : [axis]));
  if (axes.length === 0) return { value, labels };
  return { value: g.op("ReduceSum", [value, g.ints(axes)], { keepdims: 0 }), labels: labels.filter(has) };
}

function inOrder(g: G, { value, labels }: Term, order: readonly string[]): Term {
  const perm = order.map((label) => labels.indexOf(label));
  if (perm.every((axis, i) => axis === i)) return { value, labels };
  return { value: g.op("Transpose", [value], { perm }), labels: order };
}

/** The product of two terms, summed over the labels that both have but `kept` does not. */
function multiplied(g: G, a: Term, b: Term, kept: ReadonlySet<string>): Term {
  const both = a.labels.filter((label) => b.labels.includes(label));
  const batch = both.filter((label) => kept.has(label));
  const inner = both.filter((label) => !kept.has(label));
  const left = a.labels.filter((label) => !both.includes(label));
  const right = b.labels.filter((label) => !both.includes(label));
  const isOpen = (term: Term, labels: readonly string[]): boolean =>
    labels.some((label) => typeof dimOf(term, label) !== "number");
  if (inner.length === 0) {
    const spread = (
      term: Term,
      before: readonly string[],
      missing: readonly string[],
      after: readonly string[],
    ): V => {
      const { value } = inOrder(g, term, [...batch, ...before, ...after]);
      const from = batch.length + before.length;
      return missing.length === 0
        ? value
        : g.op("Unsqueeze", [value, g.ints(missing.map((_, i) => from + i))]);
    };
    const product = g.op("Mul", [spread(a, left, right, []), spread(b, [], left, right)]);
    return { value: product, labels: [...batch, ...left, ...right] };
  }
  if (right.length > 1 && isOpen(b, right)) {
    if (left.length > 1 && isOpen(a, left)) throw new Unsupported("multiplies two groups of open dimensions");
    return multiplied(g, b, a, kept);
  }
  // Axes that only the left term has stay separate if MatMul broadcasts over them.
  const apart = batch.length === 0 || (left.length > 1 && isOpen(a, left));
  const [free, row] = apart ? [left.slice(0, -1), left.slice(-1)] : [[], left];
  const rows = grouped(g, a, [...free, ...batch], [row, inner]);
  const columns = grouped(g, b, batch, [inner, right]);
  const labels = [...free, ...batch, ...row, ...right];
  const dims = labels.map((label) => dimOf(a.labels.includes(label) ? a : b, label));
  return { value: shaped(g, g.op("MatMul", [rows, columns]), dims), labels };
}

const dimOf = ({ value, labels }: Term, label: string): Dim => value.shape[labels.indexOf(label)]!;

/** Keeps the axes of `first` and merges those of each group into one. */
function grouped(g: G, term: Term, first: readonly string[], groups: readonly (readonly string[])[]): V {
  const { value } = inOrder(g, term, [...first, ...groups.flat()]);
  const dims = [first.map((label) => [label]), groups].flat().map((group) => {
    if (group.length === 1) return dimOf(term, group[0]!);
    return group.reduce((product, label) => {
      const dim = dimOf(term, label);
      if (typeof dim !== "number") throw new Unsupported(`joins the open dimension "${dim}" with others`);
      return product * dim;
    }, 1);
  });
  return shaped(g, value, dims);
}

/** Reshapes a value if necessary. Open dimensions must stay in place, except for one, which is inferred. */
function shaped(g: G, value: V, dims: readonly Dim[]): V {
  if (value.shape.length === dims.length && value.shape.every((dim, axis) => dim === dims[axis]))
    return value;
  const target = dims.map((dim, axis) =>
    typeof dim === "number" ? dim : value.shape[axis] === dim ? 0 : -1,
  );
  if (target.filter((dim) => dim === -1).length > 1) {
    throw new Unsupported(`gives [${dims.join(", ")}]; only one dimension may be open`);
  }
  return g.op("Reshape", [value, g.ints(target)]);
}
