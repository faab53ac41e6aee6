import { expect, test } from "vitest";
import { GraphBuilder } from "../graph/index.js";
import { liveBytes } from "./memory.js";

test("the most that lives at once, not all that is made", () => {
  const g = new GraphBuilder("g");
  let x = g.input("x", "float32", [256]);
  for (let i = 0; i < 10; i++) x = g.op("Relu", [x]);
  g.output(x, "y");
  expect(liveBytes(g.build())).toBe(2 * 1024);
});
