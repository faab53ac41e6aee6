import { describe, expect, test } from "vitest";
import { modelOf, node, text } from "../../../../test/model.js";
import { nodeCases, testNodeCases } from "../../../../test/onnx-nodes.js";
import { at, nd, positions, type Nd } from "../../../../test/reference/array.js";
import { evaluate } from "../../../../test/reference/index.js";
import { refusal } from "../../../../test/small-models.js";
import { createGenerator, tensor } from "../../../tensor/index.js";
import { verifyGraph } from "../../verify.js";
import { bind } from "../../passes/bind.js";
import { graphFromModel } from "../import.js";

const cases = nodeCases("contraction");

describe("ONNX's node tests of Einsum", () => {
  const names = [...cases.keys()].filter((name) => name.startsWith("einsum_"));
  testNodeCases(cases, names, () => ({ constantsFrom: 2, tolerance: 1e-4 }));
});

/** Sums over every label, one element at a time. Labels are letters, and an ellipsis is written out. */
function plain(terms: readonly string[], output: string, values: readonly Nd[]): Nd {
  const sizes = new Map<string, number>();
  terms.forEach((term, i) =>
    [...term].forEach((label, axis) =>
      sizes.set(label, Math.max(sizes.get(label) ?? 1, values[i]!.shape[axis]!)),
    ),
  );
  const inner = [...sizes.keys()].filter((label) => !output.includes(label));
  return nd(
    [...output].map((label) => sizes.get(label)!),
    (place) => {
      let sum = 0;
      for (const rest of positions(inner.map((label) => sizes.get(label)!))) {
        const index = (label: string): number =>
          output.includes(label) ? place[output.indexOf(label)]! : rest[inner.indexOf(label)]!;
        sum += values.reduce((product, value, i) => {
          const where = [...terms[i]!].map((label, axis) => (value.shape[axis] === 1 ? 0 : index(label)));
          return product * at(value, where);
        }, 1);
      }
      return sum;
    },
  );
}

type Shape = readonly (number | "N")[];

/** The equation, the same with every ellipsis and output written out, and the shapes. "N" is open on import. */
const EQUATIONS: readonly (readonly [string, string, ...Shape[]])[] = [
  ["ij,jk->ik", "ij,jk->ik", ["N", 3], [3, 4]],
  ["ij,jk", "ij,jk->ik", ["N", 3], [3, 4]],
  ["ba", "ba->ab", ["N", 3]],
  ["nhqd,nhkd->nhqk", "nhqd,nhkd->nhqk", ["N", 2, 3, 4], ["N", 2, 5, 4]],
  ["nqhd,nkhd->nhqk", "nqhd,nkhd->nhqk", ["N", 3, 2, 4], ["N", 5, 2, 4]],
  ["nhqk,nkhd->nqhd", "nhqk,nkhd->nqhd", ["N", 2, 3, 5], ["N", 5, 2, 4]],
  ["bhwc,hkc->bhwk", "bhwc,hkc->bhwk", ["N", 3, 2, 4], [3, 5, 4]],
  ["hkc,bhwc->bhwk", "hkc,bhwc->bhwk", [3, 5, 4], ["N", 3, 2, 4]],
  ["nsd,dhk->nshk", "nsd,dhk->nshk", ["N", 3, 4], [4, 2, 5]],
  ["nshk,hkd->nsd", "nshk,hkd->nsd", ["N", 3, 2, 5], [2, 5, 4]],
  ["hkd,nshk->dns", "hkd,nshk->dns", [2, 5, 4], ["N", 3, 2, 5]],
  ["...d,df->...f", "nsd,df->nsf", ["N", 3, 4], [4, 2]],
  ["...ij,...jk", "abij,bjk->abik", ["N", 2, 3, 4], [2, 4, 2]],
  ["i...,i...->...", "iab,iab->ab", [3, 2, 2], [3, 2, 2]],
  ["n,m->nm", "n,m->nm", ["N"], [3]],
  ["nc,nc->nc", "nc,nc->nc", ["N", 3], ["N", 3]],
  ["nc,nc->n", "nc,nc->n", ["N", 3], ["N", 3]],
  ["nij,njk,nkl->nil", "nij,njk,nkl->nil", ["N", 2, 3], ["N", 3, 2], ["N", 2, 4]],
  ["na,nb,nc->nabc", "na,nb,nc->nabc", ["N", 2], ["N", 3], ["N", 2]],
  ["nii->ni", "nii->ni", ["N", 3, 3]],
  ["nii", "nii->n", ["N", 3, 3]],
  ["inii,ij->nj", "inii,ij->nj", [2, 3, 2, 2], [2, 3]],
  ["nabc->n", "nabc->n", ["N", 2, 3, 2]],
  ["nab,c->n", "nab,c->n", ["N", 2, 3], [4]],
  ["nij,nij->n", "nij,nij->n", ["N", 2, 3], ["N", 2, 3]],
  ["nij,kj->nik", "nij,kj->nik", ["N", 1, 3], [2, 1]],
  [" n i , i -> n ", "ni,i->n", ["N", 3], [3]],
];

describe("Einsum gives the sum of its products", () => {
  test.each(EQUATIONS.map((row) => [row[0], row] as const))("%s", (_, [equation, written, ...shapes]) => {
    const names = shapes.map((_, i) => (i === 0 ? "x" : `x${i}`));
    const model = modelOf([node("Einsum", names, "y", { equation: text(equation) })]);
    const inputs = shapes.map((shape, i) => ({ name: names[i]!, dtype: "float32" as const, shape }));
    const open = graphFromModel({ ...model, graph: { ...model.graph, inputs } }, { place: "m" });
    const graph = bind(open, { N: 3 });
    verifyGraph(graph);
    const random = createGenerator(5);
    const feeds = shapes.map((shape, i) => {
      const dims = shape.map((dim) => (dim === "N" ? 3 : dim));
      const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
      random.stream(names[i]!).fillUniform(data, -1, 1);
      return tensor("float32", dims, data);
    });
    const found = evaluate(graph, Object.fromEntries(names.map((name, i) => [name, feeds[i]!])))["y"]!;
    const [terms, output] = written.split("->") as [string, string];
    const expected = plain(
      terms.split(","),
      output,
      feeds.map(({ shape, data }) => ({ shape, data: Float64Array.from(data) })),
    );
    expect(found.shape).toEqual(expected.shape);
    found.data.forEach((value, i) => expect(value).toBeCloseTo(expected.data[i]!, 9));
  });
});

test.each([
  ["n..,cd->nd", /is not understood/],
  ["nchw->nn", /is not understood/],
  ["nchw->a->b", /is not understood/],
  ["nchw,nchw->n", /has 2 inputs, found 1/],
  ["nch->n", /does not fit/],
  ["ncch->n", /both/],
  ["nchw->q", /"q", which no input has/],
])("refused: the equation %s", (equation, words) => {
  expect(refusal(modelOf([node("Einsum", ["x"], "y", { equation: text(equation) })]))).toMatch(words);
});
