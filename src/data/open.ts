import type { Dataset } from "./dataset.js";
import { mnistFolder, openIdxFolder } from "./mnist.js";
import type { OpenOptions } from "./options.js";

export async function openDataset(spec: string, options: OpenOptions = {}): Promise<Dataset> {
  const [name = "", split = options.split ?? "train"] = spec.split(":");
  return openIdxFolder(mnistFolder(), name, split, options);
}
