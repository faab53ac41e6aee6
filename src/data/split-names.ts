/** What owners of datasets call the folders of their splits. */

/** A split that owners give. */
export type Split = "train" | "val" | "test";

/** Names of the folders of each split, the usual one first. */
export const SPLIT_FOLDERS: Readonly<Record<Split, readonly string[]>> = {
  train: ["train", "training", "training_set"],
  val: ["val", "valid", "validation", "validation_set"],
  test: ["test", "testing", "test_set"],
};

/** The split whose folder is called `name`, in whatever case. */
export function splitOfFolder(name: string): Split | undefined {
  const wanted = name.toLowerCase();
  return (Object.keys(SPLIT_FOLDERS) as Split[]).find((split) => SPLIT_FOLDERS[split].includes(wanted));
}
