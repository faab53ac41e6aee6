import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readLabels } from "./labels-file.js";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "holdfast-labels-"))));
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string): Promise<readonly string[]> {
  const path = join(folder, "labels");
  await writeFile(path, text);
  return readLabels(path);
}

test.each([
  ["lines", "cat\r\ndog\r\n", ["cat", "dog"]],
  ["lines with commas", "tench, Tinca tinca\ngoldfish\n", ["tench, Tinca tinca", "goldfish"]],
  ["numbered lines", "0: cat\n1: dog\n", ["cat", "dog"]],
  ["numbered lines with blanks", "0 cat\n1 dog", ["cat", "dog"]],
  ["lines that only begin with numbers", "1 cat\n1 dog", ["1 cat", "1 dog"]],
  ["a list", '["cat", "dog"]', ["cat", "dog"]],
  ["names by number", '{"1": "dog", "0": "cat"}', ["cat", "dog"]],
  ["numbers by name", '{"dog": 1, "cat": 0}', ["cat", "dog"]],
  [
    "Keras's",
    '{"0": ["n01440764", "tench"], "1": ["n01443537", "gold_fish"]}',
    ["n01440764 tench", "n01443537 gold fish"],
  ],
  ["Hugging Face's", '{"id2label": {"0": "cat", "1": "dog"}, "architectures": []}', ["cat", "dog"]],
  ["Python's", "{0: 'cat',\n 1: 'dog'}", ["cat", "dog"]],
])("%s", async (_, text, names) => {
  expect(await read(text)).toEqual(names);
});

test("a file without names is an error", async () => {
  await expect(read('{"mean": [0.5]}')).rejects.toThrow(/cannot be read as class names/);
  await expect(read('{"0": "cat", "2": "dog"}')).rejects.toThrow(/cannot be read as class names/);
  await expect(read("cat")).rejects.toThrow(/has only one name/);
  await expect(read("")).rejects.toThrow(/no names|one name/);
});
