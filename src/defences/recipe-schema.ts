import { z } from "zod";
import type { AdversarySpec } from "../attacks/index.js";
import { TERMS, type LossTerm } from "../losses/index.js";
import type { ModelDefence } from "../models/index.js";
import { RECIPES } from "./recipes/index.js";

/** What a recipe file says, its fractions worked out. */
export interface RecipeFile {
  readonly name: string;
  readonly extends?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly source?: string | undefined;
  /** null: none, whatever is extended. */
  readonly adversary?: AdversaryFile | null | undefined;
  readonly weights?: Readonly<Record<string, number | undefined>> | undefined;
  readonly model?: ModelDefence | null | undefined;
  readonly weightPerturbation?: { readonly gamma: number; readonly from: number } | null | undefined;
  readonly replays?: number | undefined;
}

type Undefinable<T> = { readonly [K in keyof T]?: T[K] | undefined };

interface AdversaryFile extends Undefinable<Omit<AdversarySpec, "relativeStepSize">> {
  /** Pixel units. */
  readonly stepSize?: number | undefined;
}

/** As people write ε: `8/255`. Nothing is divided by 0. */
const FRACTION = /^\s*\d+(\.\d+)?\s*\/\s*(?=[\d.]*[1-9])\d+(\.\d+)?\s*$/;
/** {@link FRACTION} above 0. */
export const POSITIVE_FRACTION: RegExp =
  /^\s*(?=[\d.]*[1-9])\d+(\.\d+)?\s*\/\s*(?=[\d.]*[1-9])\d+(\.\d+)?\s*$/;

/** A number within bounds, or a fraction that is. */
function quantity(bounded: z.ZodNumber, fraction: RegExp = FRACTION): z.ZodType<number, number | string> {
  const error = `must be a number or a fraction${fraction === POSITIVE_FRACTION ? " above 0" : ""}, such as 0.03 or 8/255`;
  return z
    .union([bounded, z.string().regex(fraction, error)], error)
    .transform((value) => {
      if (typeof value === "number") return value;
      const [above, below] = value.split("/").map(Number);
      return above! / below!;
    })
    .pipe(bounded);
}
const positive = quantity(z.number().positive(), POSITIVE_FRACTION);
const atLeastNone = quantity(z.number().min(0));
const atLeastOne = quantity(z.number().min(1), POSITIVE_FRACTION);
const share = quantity(z.number().min(0).max(1));

const adversary = z.strictObject({
  norm: z.enum(["linf", "l2"]).optional().describe("norm of the ball"),
  epsilon: positive.optional().describe("radius, for pixels in [0, 1]: 8/255; with linf at most 1"),
  steps: z.int().min(1).optional().describe("steps of PGD"),
  stepSize: positive.optional().describe("for pixels in [0, 1]; 2.5 ε / steps by default"),
  randomStart: z.boolean().optional(),
  startDeviation: positive
    .optional()
    .describe("standard deviation of a Gaussian start instead of a uniform one"),
  objective: z.enum(["cross-entropy", "kl", "total"]).optional().describe("what δ maximises"),
});

const terms = Object.fromEntries(
  (Object.keys(TERMS) as LossTerm[]).map((term) => [
    term,
    atLeastNone.optional().describe(TERMS[term].title),
  ]),
);

const noise = z.strictObject({
  distribution: z.enum(["normal", "uniform"]),
  scale: positive.describe("standard deviation, or half the width"),
});

const model = z.strictObject({
  denoising: z
    .strictObject({ filter: z.enum(["embedded-gaussian", "gaussian", "dot-product", "mean", "median"]) })
    .optional(),
  inputNoise: noise.optional(),
  activationNoise: noise.optional(),
  randomResize: z
    .strictObject({
      smallest: atLeastOne.describe("smallest side, as a multiple of the image's"),
      largest: atLeastOne.describe("side of the frame; not below smallest"),
      when: z.enum(["test", "always"]),
    })
    .optional(),
});

/** A recipe in a file. What is left out is that of the recipe it `extends`. */
export const recipeFileSchema: z.ZodType<RecipeFile> = z
  .strictObject({
    $schema: z.string().optional(),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, "must be like my-defence: small letters, digits and hyphens"),
    extends: z.enum(Object.keys(RECIPES) as [string, ...string[]]).optional(),
    title: z.string().min(1).optional(),
    description: z.string().optional(),
    source: z.string().optional(),
    adversary: adversary.nullable().optional().describe("null: clean images only"),
    weights: z.strictObject(terms).optional().describe("weight of each term of the loss; 0 removes the term"),
    model: model.nullable().optional().describe("layers that the defence adds to the network"),
    weightPerturbation: z
      .strictObject({ gamma: positive, from: share.describe("share of the steps after which it starts") })
      .nullable()
      .optional(),
    replays: z.int().min(1).optional().describe("steps on each batch (free adversarial training)"),
  })
  .describe("A defence of holdfast: an adversary, the weights of the loss, and what it adds to the network.");
