/** Values that every part of a result uses: names, counts, shares, the threat. */
import { z } from "zod";
import { NORMS, type Norm } from "../../attacks/cards/index.js";

export const count: z.ZodInt = z.int().min(0);
export const positive: z.ZodInt = z.int().min(1);
/** From 0 to 1. */
export const fraction: z.ZodNumber = z.number().min(0).max(1);
export const seconds: z.ZodNumber = z.number().min(0);
export const name: z.ZodString = z.string().min(1);
/** 1 for yes. */
export const bit: z.ZodType<0 | 1> = z.union([z.literal(0), z.literal(1)]);

/** A setting's value. */
export type Scalar = string | number | boolean | null;

export const scalarSchema: z.ZodType<Scalar> = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Wilson score interval of a proportion. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  /** 0.95. */
  readonly confidence: number;
}

export const intervalSchema: z.ZodType<Interval> = z.object({
  low: fraction,
  high: fraction,
  confidence: fraction,
});

/** ‖x' − x‖ ≤ epsilon and x' ∈ [0, 1], in pixel units. */
export interface ThreatInfo {
  readonly norm: Norm;
  readonly epsilon: number;
}

export const threatSchema: z.ZodType<ThreatInfo> = z.object({
  norm: z.enum(NORMS),
  epsilon: z.number().min(0),
});

/** Evaluations of the model, images × evaluations. */
export interface Queries {
  readonly forward: number;
  readonly gradient: number;
}

export const queriesSchema: z.ZodType<Queries> = z.object({ forward: count, gradient: count });
