import { describe, expect, test } from "vitest";
import { openDataset } from "../index.js";
import { findClassFault, sortedClasses } from "./names.js";

test("classes are sorted: numbers (also with signs, points and leading zeros) by value, the rest by characters", () => {
  expect(sortedClasses(["10", "9", "-1", "2.5", "010", "9"])).toEqual(["-1", "2.5", "9", "010", "10"]);
  expect(sortedClasses(["10", "9", "cat"])).toEqual(["10", "9", "cat"]);
});

test("the order of --classes is the order of the labels, even in sources that keep all their classes", async () => {
  const digits = Array.from({ length: 10 }, (_, i) => String(9 - i));
  const [plain, turned] = [
    await openDataset("mnist:test"),
    await openDataset("mnist:test", { classes: digits }),
  ];
  expect([turned.classNames, turned.length]).toEqual([digits, plain.length]);
  expect(Array.from(turned.labels.subarray(0, 50), (label) => 9 - label)).toEqual(
    Array.from(plain.labels.subarray(0, 50)),
  );
  expect(turned.fileName(7)).toBe(plain.fileName(7));
});

describe("comparing a model's names with the data's", () => {
  const fault = (classNames: string[], data: string[], classesStated?: boolean): string | undefined => {
    const found = findClassFault(
      { classNames },
      {
        name: "photos",
        classNames: data,
        ...(classesStated && { classesStated }),
      },
    );
    return found && `${found.problem} / ${found.remedy}`;
  };

  test("accepts equal names in any Unicode form, and placeholders", () => {
    expect(fault(["cat", "dog"], ["cat", "dog"])).toBeUndefined();
    expect(fault(["cafe\u0301", "dog"], ["caf\u00e9", "dog"])).toBeUndefined();
    expect(fault(["cat", "dog"], ["0", "1"])).toBeUndefined();
  });

  test("a model whose file gives no names has none; numbers given as names count", () => {
    const digits = Array.from({ length: 12 }, (_, k) => String(k));
    const data = { name: "photos", classNames: [...digits].sort(), classesStated: true };
    expect(findClassFault({ classNames: digits, unnamed: true }, data)).toBeUndefined();
    expect(findClassFault({ classNames: digits }, data)?.problem).toContain("a different order");
    expect(fault(["0", "1"], ["cat", "dog"])).toContain("different classes");
  });

  test("reports another order, with the option that corrects it", () => {
    const said = fault(["cat", "dog", "eel"], ["dog", "cat", "eel"]);
    expect(said).toContain(
      'a different order from photos: output 0 is "cat", class 0 of the data "dog"; output 1',
    );
    expect(said).toContain("--classes cat,dog,eel.");
    const numbers = Array.from({ length: 12 }, (_, i) => String(i));
    // A model that was trained when numbers were in the order of their characters.
    expect(fault([...numbers].sort(), numbers)).toMatch(/a different order.*; and 6 more/);
  });

  test("reports other names, unless the user gave the order and no name contradicts it", () => {
    expect(fault(["tench", "shark"], ["n01440764", "n01484850"])).toContain("different classes from photos");
    expect(fault(["tench", "shark"], ["n01440764", "n01484850"], true)).toBeUndefined();
    expect(fault(["cat", "dog"], ["cat", "fish"])).toContain('output 1 is "dog", class 1 of the data "fish"');
    expect(fault(["cat", "dog"], ["dog", "fish"], true)).toContain("different classes");
    expect(fault(["cat", "dog"], ["dog", "cat"], true)).toContain("a different order");
  });
});
