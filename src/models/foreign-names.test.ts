import { expect, test } from "vitest";
import { foreignNames } from "./foreign-names.js";

const names = (text: string, key = "names"): readonly string[] | undefined =>
  foreignNames(new Map([[key, text]]))?.names;

test.each([
  ["a Python dict, as Ultralytics writes it", "{0: 'cat', 1: 'dog'}", ["cat", "dog"]],
  ["in another order", "{ 1 : 'dog' , 0 : 'cat' }", ["cat", "dog"]],
  ["with quotes in names", `{0: "colt's foot", 1: 'a\\'b', 2: "caf\\u00e9"}`, ["colt's foot", "a'b", "café"]],
  ["a Python list", "['cat', 'dog']", ["cat", "dog"]],
  ["a JSON list", '["cat, or {1: so}", "dog"]', ["cat, or {1: so}", "dog"]],
  ["a JSON dict", '{"0": "cat", "1": "dog"}', ["cat", "dog"]],
  ["a dict from names to numbers", '{"dog": 1, "cat": 0}', ["cat", "dog"]],
  ["names that are numbers", "{0: 7, 1: 8}", ["7", "8"]],
  ["names separated by commas", "cat, dog", ["cat", "dog"]],
  ["one name per line", "cat\r\ndog, large", ["cat", "dog, large"]],
  ["__proto__", '{"0": "__proto__", "1": "constructor"}', ["__proto__", "constructor"]],
])("%s", (_, text, expected) => {
  expect(names(text)).toEqual(expected);
});

test("lists the other keys, the most common first", () => {
  for (const key of ["classes", "class_names", "labels", "id2label"])
    expect(names("['a', 'b']", key)).toEqual(["a", "b"]);
  const both = new Map([
    ["labels", "['x', 'y']"],
    ["names", "['a', 'b']"],
  ]);
  expect(foreignNames(both)).toEqual({ key: "names", names: ["a", "b"] });
  const unreadable = new Map([["names", "{0: 'a', __import__('os')"]]);
  expect(foreignNames(unreadable)).toEqual({ key: "names", names: undefined });
  expect(foreignNames(new Map([...unreadable, ["labels", "x,y"]]))).toEqual({
    key: "labels",
    names: ["x", "y"],
  });
});

test.each([
  "",
  "{}",
  "[]",
  "cat",
  "80",
  "{0: 'cat'",
  "{0: 'cat', 0: 'dog'}",
  "{0: 'cat', 2: 'dog'}",
  "{-1: 'cat', 0: 'dog'}",
  "[['cat'], ['dog']]",
  "{0: {'name': 'cat'}}",
  "['cat' 'dog']",
  "{'cat'}",
  "[1e9]",
  "{1e9: 'x'}",
  "['cat",
  "[,]",
  "{0:}",
])("%j is not read", (text) => {
  expect(names(text)).toBeUndefined();
});

test("a long unfinished name takes no time", () => {
  expect(names(`['${"\\".repeat(1_000_001)}]`)).toBeUndefined();
  expect(names(`[${"1,".repeat(500_000)}x]`)).toBeUndefined();
});
