import { describe } from "vitest";
import { nodeCases, testNodeCases, type NodeCaseOptions } from "../../../test/onnx-nodes.js";

/** The inputs that are data. The others are constants, as exporters write them. */
const FAMILIES: Readonly<Record<string, NodeCaseOptions>> = {
  convolution: {},
  elementwise: { constantsFrom: 8 },
  indexing: {},
  normalisation: {},
  pooling: {},
  reduction: {},
  resampling: {},
  shaping: {},
};

/**
 * Skipped:
 * - training modes
 * - shapes that depend on the values of an image (NonZero, Range, ReverseSequence with lengths as an input)
 * - reductions of booleans
 * - a last window that ONNX counts but its kernels drop
 * - indices of MaxUnpool into a shape other than the one that MaxPool and ONNX Runtime use
 * - align_corners with a fractional size, where ONNX and ONNX Runtime differ
 */
const LEFT_OUT =
  /training_mode|^not_\dd|^nonzero|^range_|^reversesequence|empty_set_bool|last_window_starts_on_pad|export_with_output_shape|downsample_scales_\w+_align_corners/;

describe.each(Object.entries(FAMILIES))("ONNX's own tests of %s", (family, options) => {
  const cases = nodeCases(family);
  const names = [...cases.keys()].filter((name) => !LEFT_OUT.test(name));
  testNodeCases(cases, names, () => options);
});
