/** Entry of a loader's worker thread: prepares one batch after another. */
import { parentPort, workerData } from "node:worker_threads";
import { packError } from "../../errors/index.js";
import { createGenerator } from "../../tensor/index.js";
import { createAugmenter } from "../pixels/index.js";
import { fillImages, type SourceReader } from "./batch.js";
import type { BatchReply, BatchRequest, WorkerSetup } from "./messages.js";

const { source, sourceIndices, augmentation, seed } = workerData as WorkerSetup;
const augment =
  augmentation === undefined ? undefined : createAugmenter(augmentation, source, createGenerator(seed));
const reader: SourceReader = { source, sourceIndices, augment };

async function prepare({ id, epoch, indices }: BatchRequest): Promise<void> {
  let reply: BatchReply;
  try {
    const images = (await fillImages(reader, indices, epoch)) as Float32Array<ArrayBuffer>;
    reply = { id, images };
    parentPort?.postMessage(reply, [images.buffer]);
  } catch (error) {
    reply = { id, failure: packError(error) };
    parentPort?.postMessage(reply);
  }
}

let last = Promise.resolve();
parentPort?.on("message", (request: BatchRequest) => {
  last = last.then(() => prepare(request));
});
