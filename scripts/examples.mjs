// Writes the examples of docstrings, README and docs to examples/, one module each: the compiler checks them with the sources.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .map((name) => `src/${name}`);
const pages = readdirSync("docs").filter((name) => name.endsWith(".md"));

rmSync("examples", { recursive: true, force: true });
mkdirSync("examples");
for (const path of [...sources, ...pages.map((name) => `docs/${name}`), "README.md"]) {
  const text = readFileSync(path, "utf8");
  const [marked, codes] = path.endsWith(".ts") ? ofDocstrings(text) : ofPage(text);
  if (codes.length !== marked)
    throw new Error(`${path}: an example is not in a \`\`\`ts block of its docstring`);
  codes.forEach((code, i) => {
    const name = `${path.replaceAll(/[/\\]/g, "-").replace(/\.\w+$/, "")}-${i}.ts`;
    // A module of its own, whatever it imports.
    writeFileSync(`examples/${name}`, `${code}\nexport {};\n`);
  });
}

function ofDocstrings(text) {
  const blocks = [...text.matchAll(/^ \* @example\n \* ```ts\n([^]*?)^ \* ```$/gm)];
  return [
    text.match(/^\s*\* @example/gm)?.length ?? 0,
    blocks.map(([, code]) => code.replace(/^ \* ?/gm, "")),
  ];
}

function ofPage(text) {
  const blocks = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)];
  return [text.match(/```ts/g)?.length ?? 0, blocks.map(([, code]) => code)];
}
