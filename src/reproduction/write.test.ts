import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reproductionByHand } from "../../test/reproduction.js";
import { InputError } from "../errors/index.js";
import { readPictures, readReproduction, writeReproduction } from "./index.js";

let root = "";
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), "holdfast-write-"))));
afterAll(() => rm(root, { recursive: true }));

const ROWS = ["undefended", "at-alp"].map((name) => ({
  model: name,
  recipe: name,
  clean: 80,
  attacked: 10,
}));
const { result, pictures } = reproductionByHand(ROWS);

test("what was written is read again", async () => {
  const files = await writeReproduction(root, { result, pictures });
  expect(await readReproduction(files.result)).toEqual(result);
  expect(await readPictures(files.pictures)).toEqual(pictures);
});

type Path = readonly [string, ...(string | number)[]];

/** The message that a file is refused with when what stands at `path` is another. */
async function refusal(whole: object, path: Path, value: unknown): Promise<string> {
  const damaged = JSON.parse(JSON.stringify(whole)) as Record<string, unknown>;
  const parent = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, damaged);
  parent[path.at(-1)!] = value;
  const file = join(root, "damaged.json");
  await writeFile(file, JSON.stringify(damaged));
  const read: Promise<unknown> = whole === result ? readReproduction(file) : readPictures(file);
  const error: unknown = await read.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).place).toBe(file);
  return (error as InputError).problem;
}

describe("a damaged file is refused, and the place in it named", () => {
  test.each<[Path, unknown]>([
    [["kind"], "result"],
    [["schemaVersion"], 2],
    [["preset", "description"], null],
    [["datasets", 0, "rows"], "x"],
    [["datasets", 0, "rows", 1, "model"], "nobody"],
    [["datasets", 0, "rows", 0, "measured"], {}],
    [["datasets", 0, "rows", 0, "measured", 1, "groups"], []],
    [["datasets", 0, "rows", 0, "measured", 0, "groups", 0, "cosine"], null],
    [["datasets", 0, "sources"], ["undefended"]],
    [["datasets", 0, "sources", "gray-box"], 1],
    [["datasets", 0, "regionSource"], "guess"],
    [["datasets", 0, "result", "measurements", 0, "accuracy"], 2],
  ])("%j of the result", async (path, value) => {
    expect(await refusal(result, path, value)).toContain(`${path.join(".")}: `);
  });

  test("rows that were not measured alike", async () => {
    const [clean] = result.datasets[0]!.rows[0]!.measured!;
    expect(await refusal(result, ["datasets", 0, "rows", 1, "measured"], [clean])).toMatch(
      /datasets\.0\.rows\.1\.measured: not under the same attacks/,
    );
  });

  test.each<[Path, unknown, string]>([
    [["pets"], "x", "pets: "],
    // That one model lacks a picture is seen where the models lie together.
    [["pets", "undefended"], [], "pets: not the same number"],
    [["pets", "undefended", 0, "inputs"], [], "pets.undefended.0.inputs: "],
    [["pets", "undefended", 0, "region", "data"], "AAAA", "pets.undefended.0.region: the data has not"],
    [["pets", "at-alp", 0, "inputs", 0, "maps", 0, "channels"], 3, "inputs.0.maps.0.channels: "],
    [["pets", "at-alp", 0, "inputs", 0, "image", "data"], "not base64", "inputs.0.image.data: "],
  ])("%j of the pictures", async (path, value, message) => {
    expect(await refusal(pictures, path, value)).toContain(message);
  });

  test("many places are counted", async () => {
    const rows = Array.from({ length: 9 }, () => 1);
    expect(await refusal(result, ["datasets", 0, "rows"], rows)).toMatch(/; and 4 more$/);
  });
});
