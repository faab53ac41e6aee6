/**
 * docs/operators.md comes from the tables that the code reads and from the tests themselves:
 *
 *     npx vitest run test/operators.test.ts -u
 */
import { readdirSync } from "node:fs";
import { format } from "prettier";
import { expect, test } from "vitest";
import { isFlat, isStandardOp, OP_CATALOGUE, type OpType } from "../src/graph/index.js";
import { COMPOSITES } from "../src/graph/import/composites/index.js";
import { FIRST_OPSETS } from "../src/graph/import/first-opsets.js";
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
/** Quantised in their weights alone, or not by themselves. */
const EXACT = /NBits|Bnb4|NhwcMaxPool/;
const QUANTISED = /^(?!ai\.onnx\.ml).*(Linear|Integer|QGemm|Quantize|NBits|Bnb4|QAttention|NhwcMaxPool)/;
const number = (count: number | undefined): string => (count === undefined ? "" : String(count));

function rowOf(name: string, tests: ReadonlyMap<string, number>): string[] {
  const node = Object.hasOwn(OP_CATALOGUE, name);
  const raised = [FIRST_OPSETS, OLDER_OPSETS].some((table) => Object.hasOwn(table, name));
  const read = CONTROL.includes(name)
    ? "part of the surrounding graph"
    : node
      ? raised
        ? "a node; older forms converted"
        : "a node"
      : QUANTISED.test(name)
        ? "float32 on the same values"
        : "composed of others";
  const gradient = node
    ? isFlat(name as OpType)
      ? "zero"
      : "a rule"
    : QUANTISED.test(name) && !EXACT.test(name)
      ? "straight through the rounding"
      : CONTROL.includes(name)
        ? ""
        : "from its parts";
  const checks = Object.hasOwn(CASES, name) ? CASES[name]!.length : undefined;
  return [name.includes(".") ? `\`${name}\`` : name, read, gradient, number(checks), number(tests.get(name))];
}

test("docs/operators.md lists the operators and how they are checked", async () => {
  const tests = nodeTests();
  const names = [
    ...new Set([
      ...Object.keys(OP_CATALOGUE).filter(isStandardOp),
      ...Object.keys(FIRST_OPSETS),
      ...Object.keys(OLDER_OPSETS),
      ...Object.keys(COMPOSITES),
      ...CONTROL,
    ]),
  ].sort((a, b) => Number(a.includes(".")) - Number(b.includes(".")) || (a < b ? -1 : 1));
  const head = ["operator", "read as", "gradient", "gradient checks", "ONNX's node tests"];
  const rows = [head, head.map(() => "---"), ...names.map((name) => rowOf(name, tests))];
  const text = `# Operators

holdfast reads models of opset 1 to 25, from ONNX's own domain, from \`com.microsoft\`, which ONNX Runtime's optimiser and its transformer and quantisation tools write, and the linear parts of \`ai.onnx.ml\`, which converters of scikit-learn's models write. It computes float16, bfloat16 and float64 in float32.

- **Read as.** A node stays a node. Its gradient has a rule or is zero wherever it exists. An operator that is composed of others gets its gradient from them.
- **Gradient checks**: the number of cases whose first and second derivative agree with central differences in a float64 interpreter (within 2e-6 of the largest) and with ONNX Runtime (within 2e-5). A composed operator is checked through its parts.
- **ONNX's node tests**: the number of ONNX's own backend tests whose expected numbers ONNX Runtime gives for the graph read from the file.
- **Quantised products** are computed exactly. ONNX Runtime's own kernels overflow their 16 bits on x86 processors without VNNI where weights use all eight bits, so on those the file itself may answer differently. Quantise with a reduced range for them.
- **Everything else.** An operator that is not listed must depend only on constants. Otherwise reading the model fails with a list of all such nodes. Sequences, random numbers and operators whose output shape depends on the image are not read. What computes only other outputs need not be readable. Outputs of text are left out, and of a ZipMap the probabilities are read.
- [The corpus](results/corpus.md): 570 exported classifiers of torchvision, timm, transformers and Keras, read, differentiated and compared. [Habits of makers](results/habits.md): small classifiers whose makers do something unusual, and files in the manner of other tools.

${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}

\`npx vitest run test/operators.test.ts -u\` writes this page.
`;
  await expect(
    await format(text, { parser: "markdown", printWidth: 110, proseWrap: "always" }),
  ).toMatchFileSnapshot("../docs/operators.md");
});
