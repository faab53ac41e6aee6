import { afterAll, describe, expect, it } from "vitest";
import { SMALL_CLASSES as CLASSES, smallBatch, smallNetwork } from "../../test/small-network.js";
import { InputError, UsageError } from "../errors/index.js";
import { createGenerator } from "../tensor/index.js";
import {
  attackImages,
  createFunctionTarget,
  createTarget,
  FORWARD,
  grayImage,
  imagesOf,
  NO_CLASS,
  pgd,
  pgdTrajectory,
  planAttack,
  predictions,
  runAttack,
  square,
  type ImageFunction,
  type Target,
} from "./index.js";

const batch = smallBatch();
const { images, labels, size } = batch;
const random = createGenerator(1);
const network = smallNetwork();
const own = createTarget(network, { batchSize: size, threads: 1 });
afterAll(() => own.dispose());

const threat = { norm: "linf", epsilon: 0.1 } as const;
const logitsOf = (some: Float32Array): Promise<Float32Array> => own.logits(some);
const labelsOf = async (some: Float32Array): Promise<Int32Array> => {
  const logits = await own.logits(some);
  return predictions(logits, logits.length / CLASSES, CLASSES);
};
const target = (
  answer: ImageFunction,
  gives: "logits" | "labels" = "logits",
  dispose?: () => Promise<void>,
): Target => createFunctionTarget(network, answer, { batchSize: 16, gives, dispose });

describe("a function that gives logits", () => {
  it.each([
    ["Square", planAttack(square, threat, { queries: 60 })],
    ["Square in L2", planAttack(square, { norm: "l2", epsilon: 2 }, { queries: 60 })],
    ["the gray image", planAttack(grayImage, { norm: "linf", epsilon: 0.5 })],
  ])("is attacked by %s as the classifier that it wraps", async (_, planned) => {
    const found = await runAttack(target(logitsOf), planned, batch, { random });
    const expected = await runAttack(own, planned, batch, { random });
    expect(found).toEqual(expected);
    expect(found.success.some((one) => one === 1)).toBe(true);
  });

  it("is asked for no more images than its batch, without padding", async () => {
    const asked: number[] = [];
    const counting = target((some) => {
      asked.push(some.length / own.imageSize);
      return own.logits(some);
    });
    expect(await counting.logits(images.slice(0, 20 * own.imageSize))).toEqual(
      await own.logits(images.slice(0, 20 * own.imageSize)),
    );
    expect(asked).toEqual([16, 4]);
  });

  it("refuses an attack by gradients, and names those that remain", async () => {
    const refused = runAttack(target(logitsOf), planAttack(pgd, threat), batch, { random });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(
      /needs the gradient.*\n.*Use one of: square, hop-skip-jump, gray-image\./,
    );
    const pgdOptions = { stepSize: 0.1, randomStart: false, captures: [1] };
    const trajectory = pgdTrajectory(target(logitsOf), batch, threat, pgdOptions, { random });
    await expect(trajectory).rejects.toThrow(UsageError);
  });

  it("that answers NaN names no class", async () => {
    const broken = target(async (some) => {
      const logits = await own.logits(some);
      return logits.fill(NaN, 0, CLASSES);
    });
    const first = { images: images.slice(0, own.imageSize), labels: labels.slice(0, 1) };
    const { cleanPrediction, success } = await runAttack(
      broken,
      planAttack(square, threat, { queries: 5 }),
      { ...first, indices: Uint32Array.of(0), size: 1 },
      { random },
    );
    expect([...cleanPrediction, ...success]).toEqual([NO_CLASS, 1]);
  });
});

describe("a function that gives labels", () => {
  it("is attacked by the gray image, with the classifier's answers", async () => {
    const planned = planAttack(grayImage, { norm: "linf", epsilon: 0.5 });
    const found = await runAttack(target(labelsOf, "labels"), planned, batch, { random });
    const expected = await runAttack(own, planned, batch, { random });
    for (const column of ["adversarial", "cleanPrediction", "adversarialPrediction", "success"] as const) {
      expect(found[column]).toEqual(expected[column]);
    }
  });

  it("gives one-hot logits, and NaN where it names no class", async () => {
    const some = target(() => Promise.resolve(Int32Array.of(2, NO_CLASS)), "labels");
    expect(await some.logits(images.slice(0, 2 * own.imageSize))).toEqual(
      Float32Array.of(0, 0, 1, NaN, NaN, NaN),
    );
  });

  it.each([
    ["linf", /needs logits.*only labels\n.*Use one of: hop-skip-jump, gray-image\./],
    ["l2", /needs logits.*only labels\n.*Use one of: hop-skip-jump\./],
    ["l1", /No attack works with that in the norm l1/],
  ] as const)("refuses Square in %s", async (norm, message) => {
    const planned = planAttack(square, { norm, epsilon: 0.1 });
    await expect(runAttack(target(labelsOf, "labels"), planned, batch, { random })).rejects.toThrow(message);
  });
});

describe("a function that answers something else", () => {
  const two = images.slice(0, 2 * own.imageSize);

  it.each<[string, "logits" | "labels", unknown, RegExp]>([
    [
      "too few logits",
      "logits",
      new Float32Array(5),
      /2 × 3 logits, but returned a Float32Array of 5 in call 1/,
    ],
    ["doubles", "logits", new Float64Array(6), /returned a Float64Array of 6/],
    ["nothing", "logits", undefined, /returned undefined/],
    ["logits for labels", "labels", new Float32Array(2), /an Int32Array of 2 labels, but returned a Float32/],
    [
      "a class that there is not",
      "labels",
      Int32Array.of(0, 3),
      /labels from 0 to 2, but returned the label 3/,
    ],
  ])("%s is refused", async (_, gives, answer, message) => {
    const refused = target(() => Promise.resolve(answer) as never, gives).logits(two);
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(message);
  });

  it.each<[string, ImageFunction]>([
    [
      "at once",
      () => {
        throw new Error("no route to host");
      },
    ],
    ["later", () => Promise.reject(new Error("no route to host"))],
  ])("one that throws %s is named with its call", async (_, failing) => {
    let calls = 0;
    const flaky = target((some) => (++calls === 2 ? failing(some) : logitsOf(some)));
    await flaky.logits(two);
    const refused = flaky.logits(two);
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(/^target: its function threw in call 2: no route to host/);
  });

  it.each<[string, ImageFunction, RegExp]>([
    [
      "throws",
      () => {
        throw new Error("no route to host");
      },
      /^target: its function threw in call 15: no route to host/,
    ],
    [
      "answers too little",
      () => Promise.resolve(new Float32Array(1)),
      /but returned a Float32Array of 1 in call 15/,
    ],
  ])(
    "one that %s in the middle of an attack ends it there; what was done before is told",
    async (_, breaks, message) => {
      let calls = 0;
      const flaky = target((some) => (++calls === 15 ? breaks(some) : logitsOf(some)));
      const planned = planAttack(square, { norm: "linf", epsilon: 0.1 }, { queries: 5 });
      const done: number[] = [];
      const attacked = async (): Promise<void> => {
        const found = attackImages(flaky, planned, imagesOf(batch, own.imageSize), { random });
        for await (const { place } of found) done.push(place);
      };
      await expect(attacked()).rejects.toThrow(message);
      expect(calls).toBe(15);
      expect(done.length).toBeGreaterThan(0);
      expect(done.length).toBeLessThan(batch.size);
    },
  );

  it("passes an error that says what to do as it is", async () => {
    const said = new InputError({ place: "service", problem: "wants a key", remedy: "Give one." });
    await expect(target(() => Promise.reject(said)).logits(two)).rejects.toBe(said);
  });
});

it("has a gradient's question refused", async () => {
  const asked = target(logitsOf).answer({ ...FORWARD, key: "other" }, [], []);
  await expect(asked).rejects.toThrow(/cannot give "other"/);
});

it("needs sizes and classes, and is disposed of once", async () => {
  const make = (changes: object, batchSize = 4): Target =>
    createFunctionTarget({ ...network, ...changes }, logitsOf, { batchSize, gives: "logits" });
  expect(() => make({ height: 0 })).toThrow(/^height: must be a whole number above 0/);
  expect(() => make({}, 1.5)).toThrow(/^batchSize/);
  expect(() => make({ classNames: ["a"] })).toThrow(/at least 2 classes/);
  let closed = 0;
  const once = target(logitsOf, "logits", async () => void closed++);
  await once.dispose();
  await once.dispose();
  expect(closed).toBe(1);
});
