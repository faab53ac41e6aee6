import { join } from "node:path";
import type { Method } from "../../explain/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { Explained, ExplainedImage, ExplainedRow } from "./run.js";

const TITLES: Readonly<Record<Method, string>> = {
  "grad-cam": "Grad-CAM",
  attention: "activation attention",
  "integrated-gradients": "integrated gradients",
  saliency: "saliency",
};

/** Writes every overlay and one sheet per image. Returns the sheets. */
export async function writeSheets(folder: string, explained: Explained): Promise<string[]> {
  const { imagePicture, overlayPicture, sheetPng, sheetSvg } = await import("../../explain/index.js");
  const { writeFileAtomic } = await import("../../files/index.js");
  const { methods, shape, images } = explained;
  const digits = String(images.length).length;
  const sheets: string[] = [];
  for (const [n, image] of images.entries()) {
    const number = String(n + 1).padStart(digits, "0");
    const rows: { pictures: Buffer[]; row: ExplainedRow }[] = [];
    for (const [i, row] of image.rows.entries()) {
      const pictures = [await imagePicture(row.image, shape)];
      for (const method of methods) {
        const picture = await overlayPicture(row.image, shape, row.maps.get(method)!);
        await writeFileAtomic(join(folder, `${number}-${kindOf(i)}-${method}.png`), picture);
        pictures.push(picture);
      }
      rows.push({ pictures, row });
    }
    const svg = sheetSvg({
      title: `${image.file}: ${image.label}`,
      columns: ["image", ...methods.map((method) => TITLES[method])],
      rows: rows.map(({ pictures, row }) => ({ ...wordsOf(image, row), pictures })),
    });
    const picture = await sheetPng(svg);
    const file = join(folder, `${number}-sheet.${picture === undefined ? "svg" : "png"}`);
    await writeFileAtomic(file, picture ?? Buffer.from(svg));
    sheets.push(file);
  }
  return sheets;
}

const kindOf = (row: number): string => (row === 0 ? "clean" : "adversarial");

function wordsOf(
  { labelClass, label }: ExplainedImage,
  { name, predicted, predictedClass, confidence, explained, explainedClass }: ExplainedRow,
): { name: string; said: readonly string[]; right: boolean } {
  const said = [`true: ${label}`, `predicted: ${predicted}`, `${(100 * confidence).toFixed(1)} %`];
  if (explainedClass !== predictedClass) said.push(`explained: ${explained}`);
  return { name, said, right: predictedClass === labelClass };
}

/**
 * The arrays: `label` int32 `[N]`, `file`, and for `clean` and `adversarial` each `_image` `[N, C, H, W]`, `_predicted` and
 * `_explained` int32 `[N]`, the maps by method (`_grad_cam` `[N, h, w]`), `_integrated_gradients_signed` `[N, C, H, W]` and
 * `_completeness_gap` `[N]`.
 */
export async function npzOf({ methods, shape, images }: Explained): Promise<Uint8Array> {
  const { encodeNpz, float32, tensor } = await import("../../tensor/index.js");
  const { channels, height, width } = shape;
  const n = images.length;
  const ints = (values: readonly number[]): Tensor => tensor("int32", [n], Int32Array.from(values));
  const joined = (parts: readonly Float32Array[], ...each: readonly number[]): Tensor =>
    float32([n, ...each], Float32Array.from(parts.flatMap((part) => [...part])));
  const arrays: Record<string, Tensor | string[]> = {
    label: ints(images.map(({ labelClass }) => labelClass)),
    file: images.map(({ file }) => file),
  };
  for (let i = 0; i < images[0]!.rows.length; i++) {
    const [kind, rows] = [kindOf(i), images.map((image) => image.rows[i]!)];
    arrays[`${kind}_image`] = joined(
      rows.map(({ image }) => image),
      channels,
      height,
      width,
    );
    arrays[`${kind}_predicted`] = ints(rows.map(({ predictedClass }) => predictedClass));
    arrays[`${kind}_explained`] = ints(rows.map(({ explainedClass }) => explainedClass));
    for (const method of methods) {
      const maps = rows.map((row) => row.maps.get(method)!);
      const key = `${kind}_${method.replaceAll("-", "_")}`;
      arrays[key] = joined(
        maps.map(({ data }) => data),
        maps[0]!.height,
        maps[0]!.width,
      );
    }
    if (rows[0]!.attributions !== undefined) {
      const signed = rows.map(({ attributions }) => attributions!);
      arrays[`${kind}_integrated_gradients_signed`] = joined(signed, channels, height, width);
      arrays[`${kind}_completeness_gap`] = joined([Float32Array.from(rows, ({ gap }) => gap!)]);
    }
  }
  return encodeNpz(arrays);
}
