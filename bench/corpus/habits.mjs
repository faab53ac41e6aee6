// Makes and checks the small classifiers of other makers' habits: those of habits/, scikit-learn's, imitations of tools, and
// other forms of some of them.
//   PYTHON=… node bench/corpus/habits.mjs OUT [--only substring]
// after npm run build. What is in OUT already is not made again; the result is in OUT/summary.md.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", default: "" } },
});
const [out] = positionals;
if (out === undefined) {
  console.error("habits.mjs: name the folder that the models go into: node bench/corpus/habits.mjs OUT");
  process.exit(2);
}
const run = (program, script, only) =>
  execFileSync(program, [join(import.meta.dirname, script), out, "--only", only], { stdio: "inherit" });

const python = process.env.PYTHON ?? "python3";
run(python, "export.py", `habits.${values.only}`);
run(python, "from_sklearn.py", `sklearn.${values.only}`);
run(python, "imitations.py", `imitations.${values.only}`);
run(python, "variants.py", `habits.${values.only}`);
run(process.execPath, "check.mjs", values.only);
