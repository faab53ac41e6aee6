/**
 * docs/operators.md is made of the tables that the code reads and the tests that there are:
 *
 *     npx vitest run test/operators.test.ts -u
 */
import { readdirSync } from "node:fs";
import { format } from "prettier";
import { expect, test } from "vitest";
import { isFlat, isStandardOp, OP_CATALOGUE, type OpType } from "../src/graph/index.js";
import { COMPOSITES } from "../src/graph/import/composites/index.js";
import { OLDER_OPSETS } from "../src/graph/import/older-opsets.js";
import { CASES } from "./gradcheck/cases.js";
import { nodeCases } from "./onnx-nodes.js";

/** Cases of ONNX's own node tests, by operator. */
function nodeTests(): Map<string, number> {
  const counts = new Map<string, number>();
  const models = readdirSync("test/fixtures/onnx-nodes").flatMap((file) =>
    [...nodeCases(file.replace(".safetensors", "")).values()].map(({ model }) => model),
  );
  for (const { graph } of models) {
    const op = graph.nodes[0]!.opType;
    counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  return counts;
}

const CONTROL = ["Constant", "If", "Loop", "Scan"];
const QUANTISED = /Linear|Integer|QGemm|Quantize/;
const number = (count: number | undefined): string => (count === undefined ? "" : String(count));

function rowOf(name: string, tests: ReadonlyMap<string, number>): string[] {
  const node = Object.hasOwn(OP_CATALOGUE, name);
  const raised = Object.hasOwn(OLDER_OPSETS, name);
  const read = CONTROL.includes(name)
    ? "part of the graph around it"
    : node
      ? raised
        ? "a node; older forms are raised"
        : "a node"
      : QUANTISED.test(name)
        ? "in float32, of the same values"
        : "from others";
  const gradient = node
    ? isFlat(name as OpType)
      ? "zero"
      : "a rule"
    : QUANTISED.test(name)
      ? "straight through the rounding"
      : CONTROL.includes(name)
        ? ""
        : "of its parts";
  const checks = Object.hasOwn(CASES, name) ? CASES[name]!.length : undefined;
  return [name.includes(".") ? `\`${name}\`` : name, read, gradient, number(checks), number(tests.get(name))];
}

test("docs/operators.md lists what is read and how it is checked", async () => {
  const tests = nodeTests();
  const names = [
    ...new Set([
      ...Object.keys(OP_CATALOGUE).filter(isStandardOp),
      ...Object.keys(OLDER_OPSETS),
      ...Object.keys(COMPOSITES),
      ...CONTROL,
    ]),
  ].sort((a, b) => Number(a.includes(".")) - Number(b.includes(".")) || (a < b ? -1 : 1));
  const head = ["operator", "read as", "gradient", "gradient checks", "ONNX's node tests"];
  const rows = [head, head.map(() => "---"), ...names.map((name) => rowOf(name, tests))];
  const text = `# Operators

Models of opset 7 to 25 are read, of ONNX's own domain and of \`com.microsoft\`, where ONNX Runtime's optimiser and its tools for transformers
and quantisation write. float16, bfloat16 and float64 are computed in float32.

- **A node** stays one; its gradient has a rule, is zero wherever there is one, or comes from the operators that it is written as.
- **Gradient checks**: cases in which the first and the second derivative agree with central differences in a float64 interpreter (within
  2e-6 of the largest) and with ONNX Runtime (within 2e-5). One that is written as others is checked by what these give.
- **ONNX's node tests**: cases of ONNX's own backend tests in which ONNX Runtime, on what is made of the file, gives the expected numbers.
- An operator that neither is here nor depends on constants alone is named with every other such node when the model is read.
- [The corpus](results/corpus.md): 593 exports of torchvision's, timm's, transformers' and Keras' classifiers, read, differentiated and compared.
- Sequences, strings, random numbers and operators whose output's shape depends on the image are not read.

${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}

This page is written by \`npx vitest run test/operators.test.ts -u\`.
`;
  await expect(await format(text, { parser: "markdown", printWidth: 120 })).toMatchFileSnapshot(
    "../docs/operators.md",
  );
});
