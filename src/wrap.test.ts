import { expect, test } from "vitest";
import { wrapText } from "./wrap.js";

test("text is broken at spaces, and a line may be exactly as wide as allowed", () => {
  expect(wrapText("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrapText("one two three", 6)).toEqual(["one", "two", "three"]);
  expect(wrapText("one two three", 80)).toEqual(["one two three"]);
  expect(wrapText("", 7)).toEqual([""]);
});

test("a word that is too long has a line of its own", () => {
  expect(wrapText("a unbreakable b", 5)).toEqual(["a", "unbreakable", "b"]);
});

test("indents count", () => {
  const indents = { first: "  ", later: "    " };
  expect(wrapText("aa bb cc dd", 7, indents)).toEqual(["  aa bb", "    cc", "    dd"]);
});
