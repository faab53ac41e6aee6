/** Of a result: what it is a part of, and what ended it. */
import { z } from "zod";
import { fraction, name, positive, seconds } from "./values.js";

/** What ends an evaluation before it has done all that was planned. */
export interface Limits {
  /** Seconds it was given, and those it took: what is done in them depends on the machine. */
  readonly budget?: { readonly seconds: number; readonly spent: number } | undefined;
  /** An accuracy under attack: it was over once every model was certain to have it, or one not to. */
  readonly threshold?: number | undefined;
  /** What was planned and not begun, as `AutoAttack on a (L∞, ε = 0.1)`. */
  readonly notRun: readonly string[];
}

export const limitsSchema: z.ZodType<Limits> = z.object({
  budget: z.object({ seconds, spent: seconds }).optional(),
  threshold: fraction.optional(),
  notRun: z.array(z.string()),
});

/** What a shard must have in common with those that it is merged with, as SHA-256 each. */
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
  /** Images of all shards. */
  readonly images: number;
  readonly marks: ShardMarks;
  /** Statements that the whole has too: what was noticed about the models. */
  readonly notes: readonly string[];
}

export const shardSchema: z.ZodType<ShardInfo> = z.object({
  index: positive,
  count: positive,
  images: positive,
  marks: z.object({ tool: name, models: name, plan: name, images: name }),
  notes: z.array(z.string()),
});
