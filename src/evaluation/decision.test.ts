import { describe, expect, test } from "vitest";
import { openDecision } from "./decision.js";

describe("a decision", () => {
  const decide = (threshold: number, columns: Record<string, number>) =>
    openDecision(threshold, 10, new Map(Object.entries(columns)));

  test("is below as soon as the rest could not lift it, by exact counts", () => {
    const decision = decide(0.4, { a: 1 });
    for (let place = 0; place < 6; place++) decision.note("a", place, false);
    // Four of ten may still stand, which is 0.4.
    expect(decision.outcome).toBeUndefined();
    decision.note("a", 6, false);
    expect(decision.outcome).toBe("below");
  });

  test("is at or above as soon as enough images stand after all of it", () => {
    const decision = decide(0.4, { a: 1 });
    for (let place = 0; place < 3; place++) decision.note("a", place, true);
    expect(decision.outcome).toBeUndefined();
    decision.note("a", 9, true);
    expect(decision.outcome).toBe("at or above");
  });

  test("counts an image as standing once no measurement is left that could break it", () => {
    const decision = decide(0.2, { a: 2 });
    for (const place of [0, 1]) decision.note("a", place, true);
    expect(decision.outcome).toBeUndefined();
    decision.note("a", 0, true);
    decision.note("a", 1, false);
    expect(decision.outcome).toBeUndefined();
    for (let times = 0; times < 2; times++) decision.note("a", 2, true);
    expect(decision.outcome).toBe("at or above");
  });

  test("needs every model to be at or above, and one to be below", () => {
    const decision = decide(0.1, { a: 1, b: 1 });
    decision.note("a", 0, true);
    expect(decision.outcome).toBeUndefined();
    for (let place = 0; place < 10; place++) decision.note("b", place, false);
    expect(decision.outcome).toBe("below");
  });
});
