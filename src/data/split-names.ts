/** What owners of datasets call the folders of their splits. */
import { validationNumber } from "./imagenet/index.js";

/** A split that owners give. */
export type Split = "train" | "val" | "test";

/** Names of the folders of each split, the usual one first. */
const SPLIT_FOLDERS: Readonly<Record<Split, readonly string[]>> = {
  train: ["train", "training", "training_set"],
  val: ["val", "valid", "validation", "validation_set"],
  test: ["test", "testing", "test_set"],
};

const SPLITS = Object.keys(SPLIT_FOLDERS) as Split[];

/** The split whose folder is called `name`, in whatever case. */
export function splitOfFolder(name: string): Split | undefined {
  const wanted = name.toLowerCase();
  return SPLITS.find((split) => SPLIT_FOLDERS[split].includes(wanted));
}

/**
 * The folder of each split among `folders`. One with capitals must hold folders of classes, or ImageNet's pictures:
 * `Train/1.jpg` beside `Bus/1.jpg` is a class.
 *
 * @param picturesIn names of the pictures directly in a folder.
 */
export function splitFolders(
  folders: readonly string[],
  picturesIn: (folder: string) => readonly string[],
): Partial<Record<Split, string>> {
  const isSplit = (folder: string): boolean =>
    folder === folder.toLowerCase() ||
    picturesIn(folder).every((file) => validationNumber(file) !== undefined);
  const owners = folders.filter((folder) => splitOfFolder(folder) !== undefined && isSplit(folder));
  const found = SPLITS.map((split) => {
    const inOrder = SPLIT_FOLDERS[split].flatMap((name) => [
      name,
      ...owners.filter((folder) => folder.toLowerCase() === name),
    ]);
    return [split, inOrder.find((folder) => owners.includes(folder))] as const;
  });
  return Object.fromEntries(found.filter(([, folder]) => folder !== undefined));
}
