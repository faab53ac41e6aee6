/** What the package exports, held against a kept list: a change of the surface is seen in a diff. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const text = (path: string): Promise<string> => readFile(join(ROOT, path), "utf8");

/** Source of each entry, by what a program imports. */
async function entries(): Promise<ReadonlyMap<string, string>> {
  const { exports } = JSON.parse(await text("package.json")) as { exports: Record<string, unknown> };
  return new Map(
    Object.entries(exports).flatMap(([path, target]) => {
      if (typeof target === "string") return [];
      const { types } = target as { readonly types: string };
      return [
        [`holdfast${path.slice(1)}`, types.replace("./dist/", "src/").replace(".d.ts", ".ts")] as const,
      ];
    }),
  );
}

/** What a module of re-exports exports: `name` or `type name`. */
async function namesOf(path: string): Promise<readonly string[]> {
  const source = (await text(path)).replace(/\/\*[^]*?\*\//g, "");
  const stars = [...source.matchAll(/export \* from "\.\/([^"]+)\.js";/g)];
  const lists = [...source.matchAll(/export (type )?\{([^}]*)\} from "[^"]+";/g)];
  const rest = [...stars, ...lists].reduce((left, [statement]) => left.replace(statement, ""), source);
  // Nothing else may stand there: it would be exported unseen.
  expect(rest.trim(), path).toBe("");
  const named = lists.flatMap(([, type = "", names = ""]) =>
    names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .map((name) => `${type}${name}`),
  );
  return [...named, ...(await Promise.all(stars.map(([, file]) => namesOf(`src/${file}.ts`)))).flat()];
}

test("the surface is the kept list; npx vitest run test/surface.test.ts -u keeps a change that is meant", async () => {
  const listed: string[] = [];
  for (const [specifier, path] of await entries()) {
    const names = await namesOf(path);
    expect(names.length, specifier).toBeGreaterThan(0);
    expect(new Set(names).size, `${specifier} exports a name twice`).toBe(names.length);
    const isType = (name: string): boolean => name.startsWith("type ");
    const values = names.filter((name) => !isType(name)).sort();
    listed.push(specifier, ...[...values, ...names.filter(isType).sort()].map((name) => `  ${name}`));
  }
  await expect(`${listed.join("\n")}\n`).toMatchFileSnapshot("surface.txt");
});
