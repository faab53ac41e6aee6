/** The classes of ImageNet (ILSVRC 2012), in the order in which classifiers give their outputs. */
import { readFileSync } from "node:fs";

/** Made by scripts/fixtures/imagenet_classes.py; found from both src and dist. One line per class: id, name, synonyms. */
const LIST = new URL("../../../assets/imagenet-classes.txt", import.meta.url);

/** One class of ImageNet's thousand. */
export interface ImageNetClass {
  /** `n01440764` */
  readonly wordNetId: string;
  /** The unique name, as torchvision writes it, and WordNet's synonyms. */
  readonly names: readonly [name: string, ...synonyms: string[]];
}

let read: readonly ImageNetClass[] | undefined;

/** All thousand, by output: tench is 0. */
export function imageNetClasses(): readonly ImageNetClass[] {
  return (read ??= Object.freeze(
    readFileSync(LIST, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [name, ...synonyms] = line.slice(10).split(", ");
        return { wordNetId: line.slice(0, 9), names: [name!, ...synonyms] as const };
      }),
  ));
}
