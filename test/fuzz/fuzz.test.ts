import { describe, expect, test } from "vitest";
import { createGenerator } from "../../src/tensor/index.js";
import { attempt } from "./attempt.js";
import { mutateBytes, mutateFields } from "./mutate.js";
import { SEED_BYTES, SEEDS } from "./seeds.js";

/** How many mutated models of each kind; HOLDFAST_FUZZ=100000 for a night. One in `RUN` is also run. */
const CASES = Number(process.env["HOLDFAST_FUZZ"] ?? 10_000);
const RUN = 5;
const SEED = Number(process.env["HOLDFAST_FUZZ_SEED"] ?? 0);

test.each(Object.keys(SEEDS).map((name, i) => [name, i] as const))("%s itself runs", async (_, i) => {
  expect(await attempt(SEED_BYTES[i]!, { run: true })).toBe("ran");
});

describe("a mutated model is refused in words or works", () => {
  test.each([
    ["fields", mutateFields],
    ["bytes", mutateBytes],
  ] as const)(
    "%s",
    async (kind, mutate) => {
      const random = createGenerator(SEED);
      for (let i = 0; i < CASES; i++) {
        const stream = random.stream(`fuzz/${kind}`, i);
        const bytes = mutate(SEED_BYTES[i % SEED_BYTES.length]!, stream, 1 + stream.integer(3));
        await expect(attempt(bytes, { run: i % RUN === 0 }), `case ${i} of seed ${SEED}`).resolves.toBeTypeOf(
          "string",
        );
      }
    },
    Math.max(300_000, CASES * 100),
  );
});
