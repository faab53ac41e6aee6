import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { seededWeight } from "../../test/seeded.js";
import { ZEROS } from "../../test/zeros.js";
import { InputError, UsageError } from "../errors/index.js";
import { createGenerator, float32, int64, tensor, type Tensor } from "../tensor/index.js";
import {
  ARCHITECTURES,
  createClassifier,
  loadWeights,
  readWeightsFile,
  writeSafetensors,
  type Classifier,
} from "./index.js";

const create = (architecture: string, classes: number, random = createGenerator(1)): Classifier =>
  createClassifier(architecture, {
    channels: 3,
    height: 32,
    width: 32,
    classNames: Array.from({ length: classes }, (_, k) => `class ${k}`),
    random,
  });

function stateOf(classifier: Classifier): Map<string, Tensor> {
  const names = [...classifier.parameters, ...classifier.buffers];
  return new Map(names.map((name) => [name, classifier.graph.initializers.get(name)!]));
}

/** Seeded weights by the classifier's names, as torchvision would save them. */
function torchvisionWeights(classifier: Classifier): Map<string, Tensor> {
  const tensors = new Map(
    [...stateOf(classifier)].map(([name, { shape }]): [string, Tensor] => [name, seededWeight(name, shape)]),
  );
  for (const name of classifier.buffers) {
    if (name.endsWith("running_var")) {
      tensors.set(name.replace("running_var", "num_batches_tracked"), int64([], [7]));
    }
  }
  return tensors;
}

function errorOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

/** scripts/fixtures/resnet.py: a digest of the names and shapes of torchvision's state. */
const torchvision = JSON.parse(
  readFileSync(new URL("../../test/fixtures/torchvision.json", import.meta.url), "utf8"),
) as Record<string, { tensors: number; sha256: string }>;

it.each(Object.keys(torchvision))("%s has torchvision's names and shapes", (architecture) => {
  const state = stateOf(create(architecture, 1000, ZEROS));
  const lines = [...state].map(([name, { shape }]) => `${name} ${shape.join("x")}\n`).sort();
  expect(state.size).toBe(torchvision[architecture]!.tensors);
  expect(createHash("sha256").update(lines.join("")).digest("hex")).toBe(torchvision[architecture]!.sha256);
});

describe("loadWeights", () => {
  const classifier = create("resnet-mini", 4);

  it("loads every tensor by name, from any float type, and leaves the rest of the graph alone", () => {
    const weights = torchvisionWeights(classifier);
    weights.set("fc.bias", tensor("float64", [4], Float64Array.of(1, 2, 3, 4)));
    weights.set("bn1.bias", tensor("float16", [16], new Uint16Array(16).fill(0x3e00)));
    const loaded = loadWeights(classifier, weights);
    const { initializers } = loaded.graph;
    expect(initializers.get("fc.bias")).toEqual(float32([4], [1, 2, 3, 4]));
    expect(initializers.get("bn1.bias")!.data[15]).toBe(1.5);
    expect(initializers.get("conv1.weight")).toEqual(weights.get("conv1.weight"));
    expect(loaded.graph.nodes).toBe(classifier.graph.nodes);
  });

  it("strips DataParallel's prefix", () => {
    const weights = new Map([...torchvisionWeights(classifier)].map(([name, t]) => [`module.${name}`, t]));
    expect(loadWeights(classifier, weights).graph.initializers.get("fc.bias")).toEqual(
      weights.get("module.fc.bias"),
    );
  });

  it("lists every difference at once", () => {
    const weights = torchvisionWeights(classifier);
    weights.delete("bn1.weight");
    weights.set("conv1.weight", float32([1], [0]));
    weights.set("fc.bias", int64([4], [1, 2, 3, 4]));
    weights.set("extra", float32([1], [0]));
    const error = errorOf(() => loadWeights(classifier, weights, { place: "w.safetensors" }));
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(/^w\.safetensors: /);
    for (const words of [
      '"bn1.weight" is missing',
      '"conv1.weight" is [1], expected [16, 3, 5, 5]',
      '"fc.bias" is int64',
      '"extra" is unexpected',
    ]) {
      expect(error.message).toContain(words);
    }
  });

  it("lists every difference of a real network", () => {
    const { message } = errorOf(() => loadWeights(classifier, new Map()));
    for (const name of [...classifier.parameters, ...classifier.buffers]) {
      expect(message).toContain(`"${name}" is missing`);
    }
  });

  it("shortens a hostile list and counts the rest", () => {
    const many = new Map(
      Array.from({ length: 5000 }, (_, i) => [`x${i}`, tensor("float32", [], Float32Array.of(0))]),
    );
    const { message } = errorOf(() => loadWeights(classifier, many));
    expect(message).toMatch(/… and 4\d\d\d more/);
  });

  it("keeps its own head on request, and suggests that if only the head differs", () => {
    const weights = torchvisionWeights(create("resnet-mini", 10));
    expect(errorOf(() => loadWeights(classifier, weights)).message).toMatch(/keepHead/);
    const loaded = loadWeights(classifier, weights, { keepHead: true });
    const { initializers } = loaded.graph;
    expect(initializers.get("fc.weight")).toBe(classifier.graph.initializers.get("fc.weight"));
    expect(initializers.get("conv1.weight")).toEqual(weights.get("conv1.weight"));
  });
});

describe("readWeightsFile", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-weights-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("reads safetensors", async () => {
    const path = join(folder, "w.safetensors");
    await writeFile(path, writeSafetensors(new Map([["a", float32([2], [1, 2])]])));
    expect((await readWeightsFile(path)).get("a")).toEqual(float32([2], [1, 2]));
  });

  it.each(["w.pth", "w.pt", "w.PTH", "pytorch_model.bin", "w.pth.tar"])(
    "refuses %s, and shows how to convert it",
    async (name) => {
      const path = join(folder, name);
      await writeFile(path, "cos\nsystem\n");
      const error = await readWeightsFile(path).catch((e: unknown) => e as Error);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toMatch(/pickle[^]*weights_only=True[^]*\.safetensors/);
    },
  );

  it.runIf(process.platform !== "win32")(
    "suggests a shell command with the path as one word, whatever it contains",
    async () => {
      const path = `it's "mine"; $(echo no) \\ .pth.tar`;
      const { remedy } = (await readWeightsFile(path).catch((e: unknown) => e)) as InputError;
      const line = remedy!.split("\n")[1]!.trim();
      // In the place of Python a program that prints its arguments.
      const shown = execFileSync("sh", ["-c", line.replace(/^python/, `printf '%s\\n'`)], {
        encoding: "utf8",
      });
      const [flag, code, ...paths] = shown.trim().split("\n");
      expect([flag, paths]).toEqual(["-c", [path, path.replace(".pth.tar", ".safetensors")]]);
      for (const words of ['get("state_dict"', "sys.argv[1]", "is_tensor"]) expect(code).toContain(words);
    },
  );
});

test("an unknown architecture is answered with the nearest name", () => {
  const error = errorOf(() => create("resnet-55", 2));
  expect(error).toBeInstanceOf(UsageError);
  expect(error.message).toMatch(/Did you mean "resnet50"\?/);
  expect(create("resnet-18", 2).name).toBe("resnet18");
  expect(() => create("__proto__", 2)).toThrow(Object.keys(ARCHITECTURES).join(", "));
});
