import { describe, test } from "vitest";
import { nodeCases } from "../../../test/onnx-node-cases.js";
import { expectClose, runImported } from "../../../test/original.js";

describe.each(["convolution", "normalisation", "pooling"])("ONNX's own tests of %s", (family) => {
  test.each(nodeCases(`test/fixtures/onnx-nodes/${family}.json`))(
    "%s",
    async (_, { model, feeds, expected }) => {
      expectClose(await runImported(model, feeds), expected);
    },
  );
});
