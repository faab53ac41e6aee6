/** What a result is a part of, and what ended it. */
import { z } from "zod";
import { fraction, name, positive, seconds } from "./values.js";

/** Limits that end an evaluation before everything planned is done. */
export interface Limits {
  /** Seconds given and seconds spent. How much is done in them depends on the machine. */
  readonly budget?: { readonly seconds: number; readonly spent: number } | undefined;
  /** An accuracy under attack: the evaluation ended once every model was certain to have it, or one was certain not to. */
  readonly threshold?: number | undefined;
  /** What was planned but not started, such as `AutoAttack on a (L∞, ε = 0.1)`. */
  readonly notRun: readonly string[];
}

export const limitsSchema: z.ZodType<Limits> = z.object({
  budget: z.object({ seconds, spent: seconds }).optional(),
  threshold: fraction.optional(),
  notRun: z.array(z.string()),
});

/** What a shard must have in common with those it is merged with, each as a SHA-256. */
export interface ShardMarks {
  readonly tool: string;
  readonly models: string;
  readonly plan: string;
  readonly images: string;
}

/** Which part of an evaluation a result is. */
export interface ShardInfo {
  /** From 1. */
  readonly index: number;
  readonly count: number;
  /** Number of images in all shards. */
  readonly images: number;
  readonly marks: ShardMarks;
  /** Statements that the merged result repeats: what was noticed about the models. */
  readonly notes: readonly string[];
}

export const shardSchema: z.ZodType<ShardInfo> = z.object({
  index: positive,
  count: positive,
  images: positive,
  marks: z.object({ tool: name, models: name, plan: name, images: name }),
  notes: z.array(z.string()),
});
