import { describe } from "vitest";
import { nodeCases, testNodeCases } from "../../../../test/onnx-nodes.js";

const cases = nodeCases("recurrent");

describe("ONNX's node tests of recurrent layers", () => {
  // The states of peepholes' case are of its batch.
  testNodeCases(cases, [...cases.keys()], (name) =>
    name.includes("peepholes") ? {} : { batchAxis: name.includes("batchwise") ? 0 : 1 },
  );
});
