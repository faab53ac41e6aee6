/** A file format that users often pass instead of ONNX. */
export interface OtherFormat {
  /** What the file is, as in "a PDF". */
  readonly name: string;
  readonly remedy: string;
}

interface Row extends OtherFormat {
  readonly matches: (bytes: Uint8Array, text: string) => boolean;
}

const starts =
  (...magic: readonly number[]): Row["matches"] =>
  (bytes) =>
    magic.every((byte, i) => bytes[i] === byte);
const says = (pattern: RegExp): Row["matches"] => {
  return (_, text) => pattern.test(text);
};

const EXPORT = "Export it with torch.onnx.export, and name the exported file.";
const FETCH = "Download the file itself; the link led to a page about it.";

const FORMATS: readonly Row[] = [
  {
    name: "a Git LFS pointer, not the file itself",
    remedy: "Fetch the file with: git lfs pull",
    matches: says(/^version https:\/\/git-lfs/),
  },
  { name: "an HTML page", remedy: FETCH, matches: says(/^\s*<(!doctype html|html|head|\?xml)/i) },
  { name: "JSON text", remedy: FETCH, matches: says(/^\s*[[{]\s*["{[]/) },
  {
    name: "a zip archive, as written by PyTorch (.pth, .pt) and Keras (.keras)",
    remedy: `${EXPORT} If it contains an .onnx file, unpack it.`,
    matches: starts(0x50, 0x4b, 0x03, 0x04),
  },
  { name: "a pickle, as written by PyTorch (.pth, .pt)", remedy: EXPORT, matches: isPickle },
  {
    name: "an HDF5 file (.h5), as written by Keras",
    remedy: "Convert it with tf2onnx, and name the .onnx file.",
    matches: starts(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a),
  },
  {
    name: "a TensorFlow Lite model (.tflite)",
    remedy: "Convert it with: python -m tf2onnx.convert --tflite model.tflite --output model.onnx",
    matches: says(/^[^]{4}TFL3/),
  },
  {
    name: "a model in ONNX Runtime's own format (.ort)",
    remedy: "Name the .onnx file it was made from.",
    matches: says(/^[^]{4}ORTM/),
  },
  {
    name: "weights only (.safetensors), without the network",
    remedy: "Export the network with torch.onnx.export; train takes such weights with --init.",
    matches: says(/^[^]{8}\{"/),
  },
  { name: "a GGUF file", remedy: EXPORT, matches: says(/^GGUF/) },
  {
    name: "a compressed file (gzip)",
    remedy: "Unpack it first, with: gunzip",
    matches: starts(0x1f, 0x8b),
  },
  { name: "a NumPy array (.npy)", remedy: EXPORT, matches: starts(0x93, 0x4e, 0x55, 0x4d) },
  { name: "a PNG image", remedy: "Name an .onnx file.", matches: starts(0x89, 0x50, 0x4e, 0x47) },
  { name: "a JPEG image", remedy: "Name an .onnx file.", matches: starts(0xff, 0xd8, 0xff) },
  { name: "a PDF", remedy: "Name an .onnx file.", matches: says(/^%PDF/) },
];

/** Whether the bytes begin like a pickle: with the instruction for protocol 2 to 5. */
function isPickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5;
}

/** Recognises the format of bytes that are not ONNX by how they begin; undefined if it is unknown. */
export function otherFormat(bytes: Uint8Array): OtherFormat | undefined {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 256));
  return FORMATS.find(({ matches }) => matches(bytes, text));
}
