// Generates src/onnx/generated/onnx_pb.ts from onnx.proto (the ONNX project's, Apache-2.0).
//   node scripts/generate-onnx-proto.mjs
import { execFileSync } from "node:child_process";

const template = {
  version: "v2",
  plugins: [
    {
      local: "node_modules/.bin/protoc-gen-es",
      out: "src/onnx/generated",
      opt: ["target=ts", "import_extension=js"],
    },
  ],
};
execFileSync(
  "node_modules/.bin/buf",
  ["generate", "src/onnx/generated", "--template", JSON.stringify(template)],
  {
    stdio: "inherit",
  },
);
