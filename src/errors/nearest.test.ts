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

test("of a long list the first are named, and the nearest of all is meant", () => {
  const long = Array.from({ length: 30 }, (_, i) => `class-${String.fromCharCode(97 + (i % 26))}${i}`);
  const said = suggestName("class-d29", long);
  expect(said).toMatch(/^Did you mean "class-d29"\? Choose from: class-a0, .*class-t19 and 10 more\.$/);
});

test("nothing is suggested for what is near to nothing", () => {
  expect(nearestName("resnet-50", known)).toBeUndefined();
  expect(suggestName("resnet-50", known)).toBe("Choose from: undefended, pat, alp, at, at-alp.");
});
