import { fixedBatchSize, isOpaque, openOpaque, type AnyClassifier, type OpaqueRun } from "../models/index.js";
import type { Access } from "./cards/index.js";
import { createFunctionTarget } from "./function-target.js";
import { createTarget, type Target, type TargetOptions } from "./target.js";

/** What a target of the classifier will reveal. */
export function accessOf(classifier: AnyClassifier): Access {
  return isOpaque(classifier) ? "logits" : "gradient";
}

/** {@link createTarget}, also for a classifier without a graph, whose file is opened at first use. */
export function openTarget(classifier: AnyClassifier, options: TargetOptions): Target {
  if (!isOpaque(classifier)) return createTarget(classifier, options);
  const batchSize = fixedBatchSize(classifier) ?? options.batchSize;
  let opened: Promise<OpaqueRun> | undefined;
  const open = (): Promise<OpaqueRun> => (opened ??= openOpaque(classifier, { ...options, batchSize }));
  return createFunctionTarget(classifier, async (images) => (await open()).logits(images), {
    batchSize,
    gives: "logits",
    async dispose() {
      await (await opened?.catch(() => undefined))?.dispose();
    },
  });
}
