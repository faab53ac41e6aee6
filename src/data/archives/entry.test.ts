import { expect, test } from "vitest";
import { createBudget } from "./entry.js";

test("only one inner archive is held at a time, and only files count towards the size", () => {
  const budget = createBudget("imagenet.tar");
  for (let i = 0; i < 1000; i++) budget.take(`n${i}.tar`, 2 ** 27);
  expect(() => {
    for (let i = 0; i < 1000; i++) budget.take(`${i}.png`, 2 ** 27);
  }).toThrow(/more than the memory limit/);
});
