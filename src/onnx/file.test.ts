import { spawnSync } from "node:child_process";
import { link, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InputError } from "../errors/index.js";
import { float32 } from "../tensor/index.js";
import { readModelFile, writeModel, writeModelFile, type Model } from "./index.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-onnx-"));
});
afterEach(() => rm(folder, { recursive: true }));

const weights = Float32Array.from({ length: 512 }, (_, i) => i / 3);
const model: Model = {
  irVersion: 9,
  producerName: "test",
  producerVersion: "",
  opsets: new Map([["", 20]]),
  metadata: new Map(),
  graph: {
    name: "g",
    nodes: [],
    inputs: [],
    outputs: [],
    valueInfo: [],
    initializers: new Map([["w", float32([512], weights)]]),
  },
  functions: [],
};

/** Writes a model that refers to weights at `location`. */
async function hostile(location: string, offset = 0, length = 2048): Promise<string> {
  const path = join(folder, "model", "model.onnx");
  await mkdir(join(folder, "model"), { recursive: true });
  await writeFile(path, writeModel(model, { external: () => ({ location, offset, length }) }));
  return path;
}

async function refusal(path: string): Promise<string> {
  const error = await readModelFile(path).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  return (error as Error).message;
}

describe("external weights", () => {
  test("are written and read again, also from a subfolder", async () => {
    const path = join(folder, "big.onnx");
    await writeModelFile(path, model, { inlineLimit: 100 });
    expect((await readFile(path)).length).toBeLessThan(1000);
    expect((await readModelFile(path)).graph.initializers.get("w")!.data).toEqual(weights);
    const below = await hostile("data/w");
    await mkdir(join(folder, "model", "data"));
    await writeFile(join(folder, "model", "data", "w"), new Uint8Array(weights.buffer));
    expect((await readModelFile(below)).graph.initializers.get("w")!.data).toEqual(weights);
  });

  test.each([
    ["../secret", /"\.\."|\.\. part|out of/],
    ["a/../../secret", /".." part/],
    ["/etc/passwd", /absolute/],
    ["", /empty/],
    [".", /part/],
    ["..\\secret", /backslash/],
    ["C:secret", /drive/],
  ])("may not be at %j", async (location, words) => {
    await writeFile(join(folder, "secret"), new Uint8Array(2048));
    expect(await refusal(await hostile(location))).toMatch(words);
  });

  test("may not be a symbolic link, a hard link or behind a link", async () => {
    const secret = join(folder, "secret");
    await writeFile(secret, new Uint8Array(2048));
    const path = await hostile("w");
    await symlink(secret, join(folder, "model", "w"));
    expect(await refusal(path)).toMatch(/symbolic link/);
    await rm(join(folder, "model", "w"));
    await link(secret, join(folder, "model", "w"));
    expect(await refusal(path)).toMatch(/hard link/);
    await mkdir(join(folder, "elsewhere"));
    await writeFile(join(folder, "elsewhere", "w"), new Uint8Array(2048));
    await symlink(join(folder, "elsewhere"), join(folder, "model", "inner"));
    expect(await refusal(await hostile("inner/w"))).toMatch(/through a link/);
  });

  test("must exist, be a plain file and be long enough", async () => {
    const path = await hostile("w");
    expect(await refusal(path)).toMatch(/does not exist/);
    await writeFile(join(folder, "model", "w"), new Uint8Array(2000));
    expect(await refusal(path)).toMatch(/ends at byte 2000/);
    expect(await refusal(await hostile("w", 0, 100))).toMatch(/100 bytes for a tensor of 2048/);
    await rm(join(folder, "model", "w"));
    await mkdir(join(folder, "model", "w"));
    expect(await refusal(await hostile("w"))).toMatch(/not a plain file/);
  });

  test("replace a link planted at their path instead of following it", async () => {
    const victim = join(folder, "victim");
    await writeFile(victim, "precious");
    await symlink(victim, join(folder, "m.onnx.data"));
    await writeModelFile(join(folder, "m.onnx"), model, { inlineLimit: 100 });
    expect(await readFile(victim, "utf8")).toBe("precious");
    expect((await readModelFile(join(folder, "m.onnx"))).graph.initializers.get("w")!.data).toEqual(weights);
  });
});

test("go beside the link's target if the output is named by a link", async () => {
  const real = join(folder, "real");
  await mkdir(real);
  await symlink(join(real, "m.onnx"), join(folder, "m.onnx"));
  await writeModelFile(join(folder, "m.onnx"), model, { inlineLimit: 100 });
  expect((await readdir(real)).sort()).toEqual(["m.onnx", "m.onnx.data"]);
  const read = await readModelFile(join(real, "m.onnx"));
  expect(read.graph.initializers.get("w")!.data).toEqual(weights);
});

test("a missing, empty, truncated or foreign file is reported", async () => {
  const path = join(folder, "m.onnx");
  expect(await refusal(path)).toMatch(/m\.onnx: does not exist/);
  await writeFile(path, "");
  expect(await refusal(path)).toMatch(/is empty/);
  await writeModelFile(path, model);
  await truncate(path, 1000);
  expect(await refusal(path)).toMatch(/m\.onnx.*truncated/);
  await writeFile(path, "PK\u0003\u0004 this is a zip");
  expect(await refusal(path)).toMatch(/not an ONNX model/);
});

describe.skipIf(process.platform === "win32")("anything but a plain file is refused at once", () => {
  test("a folder, a device, or a FIFO without a writer", async () => {
    expect(await refusal(folder)).toMatch(/is a folder, not a file/);
    expect(await refusal("/dev/zero")).toMatch(/is a device, not a file/);
    const fifo = join(folder, "fifo.onnx");
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    expect(await refusal(fifo)).toMatch(/is a FIFO, not a file/);
  });

  test("a file larger than any ONNX file", async () => {
    const path = join(folder, "large.onnx");
    await writeFile(path, "");
    // The file is sparse and takes no space.
    await truncate(path, 2 ** 31);
    expect(await refusal(path)).toMatch(
      /2147483648 bytes; the limit for such files is 2147483647[^]*external data/,
    );
  });
});

describe("files of other formats are recognised, and the error says what to do", () => {
  const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
  test.each<[string, Buffer, RegExp]>([
    [
      "Git LFS",
      latin1("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
      /LFS pointer[^]*git lfs pull/,
    ],
    ["HTML", latin1("\n<!DOCTYPE html><html><body>404</body></html>"), /an HTML page[^]*Download/],
    ["JSON", latin1('{"error": "not found"}'), /JSON text/],
    [".pth", latin1("PK\u0003\u0004archive/data.pkl"), /zip archive.*\.pth[^]*torch\.onnx\.export/],
    ["a pickle", latin1("\u0080\u0002}q\u0000."), /a pickle/],
    [".h5", latin1("\u0089HDF\r\n\u001a\n\0\0"), /HDF5[^]*tf2onnx/],
    [".tflite", latin1("\u001c\0\0\0TFL3\0\0"), /TensorFlow Lite[^]*tf2onnx/],
    [".ort", latin1("\u001c\0\0\0ORTM\0\0"), /\.ort/],
    [".safetensors", latin1('\u0040\0\0\0\0\0\0\0{"w":{}}'), /weights only/],
    ["gzip", latin1("\u001f\u008b\b\0"), /gzip/],
    ["PNG", latin1("\u0089PNG\r\n"), /a PNG image/],
  ])("%s", async (_, bytes, words) => {
    const path = join(folder, "m.onnx");
    await writeFile(path, bytes);
    expect(await refusal(path)).toMatch(words);
  });
});
