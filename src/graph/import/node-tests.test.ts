import { describe } from "vitest";
import { nodeCases, testNodeCases, type NodeCaseOptions } from "../../../test/onnx-nodes.js";

/** Inputs that are data: others are constants, as exporters have them. */
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
 * Left out: modes of training; what depends on the values of an image (NonZero, Range, ReverseSequence with lengths that are
 * inputs); truth values reduced; a last window that ONNX counts and its kernels drop; indices of MaxUnpool that count places
 * of another shape than MaxPool's and ONNX Runtime's do; corners that ONNX aligns otherwise than ONNX Runtime where the size
 * is not whole.
 */
const LEFT_OUT =
  /training_mode|^not_\dd|^nonzero|^range_|^reversesequence|empty_set_bool|last_window_starts_on_pad|export_with_output_shape|downsample_scales_\w+_align_corners/;

describe.each(Object.entries(FAMILIES))("ONNX's own tests of %s", (family, options) => {
  const cases = nodeCases(family);
  const names = [...cases.keys()].filter((name) => !LEFT_OUT.test(name));
  testNodeCases(cases, names, () => options);
});
