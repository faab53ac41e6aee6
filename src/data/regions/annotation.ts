/** Annotations of pictures in the XML of PASCAL VOC, which ImageNet uses too. */
import { stat } from "node:fs/promises";
import { parseXml, XmlElement, XmlError } from "@rgrove/parse-xml";
import { refusing } from "../../errors/index.js";
import { fileError, readFileChecked } from "../../files/index.js";
import type { Box, Boxes, Size } from "../pixels/index.js";

const refused = refusing("Fix or remove the annotation. Without it, its image has no box.");

/** An annotation has a few hundred bytes per object. */
const LARGEST = 2 ** 20;
/** Pixels per side; JPEG's maximum. */
const LARGEST_SIDE = 65_535;

/**
 * The boxes (`object/bndbox`) of an annotation, in pixels of the stated picture size. If none is stated, or the 0 × 0
 * that some tools write, the picture's own size applies. If some objects are named after the picture's class (a
 * WordNet id), only those count; otherwise all do.
 *
 * @throws InputError for anything but such XML, or a box whose edges are not numbers. Entities are not expanded.
 */
export async function readAnnotation(path: string, className: string): Promise<Boxes> {
  const { size: bytes } = await stat(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  if (bytes > LARGEST) throw refused(path, `has ${bytes} bytes, too many for an annotation`);
  const root = rootOf(path, new TextDecoder().decode(await readFileChecked(path)));
  if (root.name !== "annotation") throw refused(path, `begins with <${root.name}>, not with <annotation>`);
  const objects = childrenOf(root, "object").map((object, i) => ({
    name: textOf(object, "name"),
    box: boxOf(path, object, i + 1),
  }));
  const named = objects.filter(({ name }) => name === className);
  return { boxes: (named.length > 0 ? named : objects).map(({ box }) => box), on: sizeOf(path, root) };
}

function rootOf(path: string, text: string): XmlElement {
  try {
    const { root } = parseXml(text);
    if (root !== null) return root;
  } catch (error) {
    // Elements nested thousands deep exhaust the stack.
    if (error instanceof RangeError) throw refused(path, "has elements nested too deeply", error);
    if (error instanceof XmlError) throw refused(path, `is not XML: ${error.message.split("\n")[0]!}`, error);
    throw error;
  }
  throw refused(path, "has no element");
}

function sizeOf(path: string, root: XmlElement): Size | undefined {
  const [size] = childrenOf(root, "size");
  if (size === undefined) return undefined;
  const [width, height] = [numberOf(path, size, "width"), numberOf(path, size, "height")];
  if (width === 0 && height === 0) return undefined;
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 1 || side > LARGEST_SIDE) {
      throw refused(path, `claims an image of ${width} × ${height} pixels`);
    }
  }
  return { width, height };
}

function boxOf(path: string, object: XmlElement, number: number): Box {
  const at = `${path}, object ${number}`;
  const [box] = childrenOf(object, "bndbox");
  if (box === undefined) throw refused(at, "has no <bndbox>");
  const [left, top, right, bottom] = ["xmin", "ymin", "xmax", "ymax"].map((edge) => numberOf(at, box, edge));
  return { left: left!, top: top!, right: right!, bottom: bottom! };
}

function numberOf(place: string, parent: XmlElement, name: string): number {
  const text = textOf(parent, name);
  const value = text === undefined || text === "" ? NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw refused(
    place,
    text === undefined ? `has no <${name}>` : `has "${text.slice(0, 40)}" for ${name}, which is not a number`,
  );
}

function childrenOf(parent: XmlElement, name: string): XmlElement[] {
  return parent.children.filter(
    (child): child is XmlElement => child instanceof XmlElement && child.name === name,
  );
}

function textOf(parent: XmlElement, name: string): string | undefined {
  return childrenOf(parent, name)[0]?.text.trim();
}
