import { expect, test } from "vitest";
import { nearestName, suggestName } from "./index.js";

const known = ["undefended", "pat", "alp", "at", "at-alp"];

test.each([
  ["atalp", "at-alp"],
  ["AT+ALP", "at-alp"],
  ["undefnded", "undefended"],
  ["patt", "pat"],
])("%s means %s", (typed, meant) => {
  expect(nearestName(typed, known)).toBe(meant);
});

test("nothing is suggested for what is near to nothing", () => {
  expect(nearestName("resnet-50", known)).toBeUndefined();
  expect(suggestName("resnet-50", known)).toBe("Choose from: undefended, pat, alp, at, at-alp.");
});
