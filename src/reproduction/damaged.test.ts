import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { refusalOf } from "../../test/refusal.js";
import { InputError } from "../errors/index.js";
import { mergeReproductions } from "./index.js";
import { openJournal } from "../files/index.js";
import { definePiece, folderOf, type Piece, type PieceKind } from "./piece.js";
import { openStore, type Store } from "./store.js";

let root = "";
let store: Store;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-pieces-"));
  store = openStore(join(root, "out"));
});
afterEach(() => rm(root, { recursive: true }));

const piece = (kind: PieceKind): Piece => definePiece(kind, `${kind} flowers pat`, { seed: 0 });
const placeOf = (of: Piece, out = "out"): string => join(root, out, "pieces", folderOf(of));

const refusal = (work: Promise<unknown>): Promise<InputError> => refusalOf(work, InputError);

const clean = { prediction: [0, 1], index: [0, 1], label: [0, 1] };
const attacked = { setting: "gray-box", epsilon: 0.25, iterations: 2, prediction: [1, 1] };
const GOOD = { clean, attacked: [attacked], seconds: 1, samples: 1 };

describe("the result of a finished piece", () => {
  test("is read as it was written", async () => {
    await store.finish(piece("transfer"), GOOD, 1);
    expect(await store.result(piece("transfer"))).toEqual(GOOD);
  });

  test.each<[PieceKind, unknown]>([
    ["transfer", null],
    ["transfer", {}],
    ["transfer", { ...GOOD, clean: undefined }],
    ["transfer", { ...GOOD, clean: { ...clean, prediction: [0] } }],
    ["transfer", { ...GOOD, attacked: [{ ...attacked, prediction: [1] }] }],
    ["white-box", { attacked: [] }],
    ["craft", { files: [{ name: "../../secret", sha256: "0".repeat(64) }], captures: [] }],
    ["measure", { inputs: "none", pictures: [] }],
  ])("of %s that is nonsense is refused: %j", async (kind, nonsense) => {
    await store.finish(piece(kind), nonsense, 1);
    const error = await refusal(store.result(piece(kind)));
    expect(error.place).toBe(join(placeOf(piece(kind)), "piece.json"));
    expect(error.remedy).toContain(`Delete ${placeOf(piece(kind))}`);
  });

  test.each(["", "{", "null", "[]", '{"format":1}'])("whose record is %j is refused", async (text) => {
    await mkdir(placeOf(piece("transfer")), { recursive: true });
    await writeFile(join(placeOf(piece("transfer")), "piece.json"), text);
    expect((await refusal(store.seconds(piece("transfer")))).message).toMatch(/not the record of a finished/);
  });
});

test("a piece's folder that is a link is not written into", async () => {
  await mkdir(join(root, "out", "pieces"), { recursive: true });
  await mkdir(join(root, "elsewhere"));
  await symlink(join(root, "elsewhere"), placeOf(piece("craft")));
  expect((await refusal(store.folder(piece("craft")))).message).toMatch(/is a link/);
});

describe("parts.jsonl", () => {
  const shape = z.array(z.number());

  test("goes on after a line that was cut off", async () => {
    const path = join(root, "parts.jsonl");
    await (await openJournal(path)).put("0", [1]);
    await appendFile(path, '["1",[2');
    const journal = await openJournal(path);
    await journal.put("1", [3]);
    expect((await openJournal(path)).get("1", shape)).toEqual([3]);
    expect(journal.get("0", shape)).toEqual([1]);
  });

  test.each(["null", "{", "[]", '"x"', "[1,2]", "\0\0"])("with the line %j is refused", async (line) => {
    const path = join(root, "parts.jsonl");
    await writeFile(path, `${line}\n`);
    expect((await refusal(openJournal(path))).message).toMatch(
      /parts\.jsonl: has a line that cannot be read/,
    );
  });

  test("with a part of another shape is refused", async () => {
    const journal = await openJournal(join(root, "parts.jsonl"));
    await journal.put("0", "x");
    expect(() => journal.get("0", shape)).toThrow(/part "0": is not a finished part/);
  });

  test("that is a link is not followed", async () => {
    await writeFile(join(root, "victim"), "precious");
    await symlink(join(root, "victim"), join(root, "parts.jsonl"));
    expect((await refusal(openJournal(join(root, "parts.jsonl")))).message).toMatch(/is a link/);
    expect(await readFile(join(root, "victim"), "utf8")).toBe("precious");
  });
});

describe("merge", () => {
  const whole = join("run", "config.json");

  async function shard(): Promise<Piece> {
    const train = piece("train");
    await openStore(join(root, "shard")).finish(train, {}, 1);
    await mkdir(join(placeOf(train, "shard"), "run"));
    await writeFile(join(placeOf(train, "shard"), whole), "theirs");
    return train;
  }
  const merge = (): Promise<unknown> => mergeReproductions(join(root, "out"), [join(root, "shard")]);

  test("takes the place of what a kill left, without its lock, and leaves nothing behind", async () => {
    const train = await shard();
    await writeFile(join(placeOf(train, "shard"), "lock"), "1");
    await mkdir(join(placeOf(train), "run", "checkpoints"), { recursive: true });
    for (const name of [whole, "lock", join("run", "checkpoints", "step-000000001.json")]) {
      await writeFile(join(placeOf(train), name), "ours");
    }
    await merge();
    expect((await readdir(placeOf(train), { recursive: true })).sort()).toEqual(["piece.json", "run", whole]);
    expect(await readFile(join(placeOf(train), whole), "utf8")).toBe("theirs");
    expect(await readdir(join(root, "out"))).toEqual(["pieces"]);
  });

  test("removes what a killed merge left, and nothing else", async () => {
    await shard();
    for (const name of [join(".merge-aB3dE6", "piece", whole), join(".merge-notes", "diary.txt")]) {
      await mkdir(dirname(join(root, "out", name)), { recursive: true });
      await writeFile(join(root, "out", name), "x");
    }
    await writeFile(join(root, "out", ".merge.lock"), "999999999 1");
    await merge();
    expect((await readdir(join(root, "out"))).sort()).toEqual([".merge-notes", "pieces"]);
  });

  test("does not remove what it did not write", async () => {
    const train = await shard();
    await mkdir(placeOf(train), { recursive: true });
    await writeFile(join(placeOf(train), "thesis.tex"), "x");
    expect((await refusal(merge())).message).toMatch(/is a folder that is not empty/);
    expect(existsSync(join(placeOf(train), "thesis.tex"))).toBe(true);
  });

  test("copies no links, and follows none", async () => {
    const train = await shard();
    await writeFile(join(root, "secret"), "x");
    await symlink(join(root, "secret"), join(placeOf(train, "shard"), "run", "model.onnx"));
    expect((await refusal(merge())).message).toMatch(/model\.onnx: is a link or a device/);
    expect(await readdir(join(root, "out", "pieces"))).toEqual([]);
  });
});
