import { expect, test } from "vitest";
import { UsageError } from "../../errors/index.js";
import { openDataset } from "../index.js";

test("images that need more memory than there is are refused", async () => {
  const opening = openDataset("mnist", { split: "train", size: { height: 4096, width: 4096 } });
  await expect(opening).rejects.toThrow(UsageError);
  await expect(opening).rejects.toThrow(/images of 1 × 4096 × 4096 need .* GB of memory[^]*smaller --size/);
});
