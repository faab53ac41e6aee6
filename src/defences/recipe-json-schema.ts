import { z } from "zod";
import { TERMS, type LossTerm, type Term } from "../losses/index.js";
import { POSITIVE_FRACTION, recipeFileSchema } from "./recipe-schema.js";
import { RECIPES } from "./recipes/index.js";

type Schema = Record<string, unknown>;

/** What is left to the reader, in the words of the published file. */
const READER_ONLY =
  "Only `holdfast recipes FILE` can check the size of a fraction (epsilon: 300/255), randomResize.smallest against " +
  "largest, and what a file inherits from the recipe that it extends.";

/** JSON Schema (draft 2020-12) of a recipe file, for editors: it refuses nothing that the reader accepts. */
export function recipeJsonSchema(): Schema {
  return {
    ...z.toJSONSchema(recipeFileSchema, { io: "input" }),
    title: "holdfast recipe",
    $comment: READER_ONLY,
    allOf: [ballIsOfImages(), epsilonIsKnown(), ...lossIsWhole(), ...replaysMove()],
    $defs: {
      aboveNone: {
        anyOf: [
          { type: "number", exclusiveMinimum: 0 },
          { type: "string", pattern: POSITIVE_FRACTION.source },
        ],
      },
      weighsAnything: weighing(() => true),
      weighsClean: weighing(({ clean }) => clean),
      weighsAdversarial: weighing(({ adversarial }) => adversarial),
    },
  };
}

/** An object with this field. */
const having = (field: string, value: Schema): Schema => ({
  type: "object",
  properties: { [field]: value },
  required: [field],
});
const defined = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
/** Whatever is as all of `when` must be as `must`. */
const rule = (when: readonly Schema[], must: Schema): Schema => ({ anyOf: [{ not: { allOf: when } }, must] });

const extendsNothing: Schema = { not: { required: ["extends"] } };
const isL2 = having("norm", { const: "l2" });
const anAdversary = having("adversary", { type: "object" });

/** A file that itself weighs a term with such needs. */
function weighing(needs: (of: Term["needs"]) => boolean): Schema {
  const names = (Object.keys(TERMS) as LossTerm[]).filter((name) => needs(TERMS[name].needs));
  return having("weights", { anyOf: names.map((name) => having(name, defined("aboveNone"))) });
}

/** Pixels are in [0, 1]; every built-in recipe has an L∞ ball. */
function ballIsOfImages(): Schema {
  const small = { properties: { epsilon: { maximum: 1 } } };
  return { properties: { adversary: rule([{ not: isL2 }], small) } };
}

function epsilonIsKnown(): Schema {
  const none = Object.values(RECIPES).filter(({ adversary }) => adversary === undefined);
  const inherited = having("extends", { enum: none.map(({ name }) => name) });
  return rule(
    [{ anyOf: [extendsNothing, inherited] }, anAdversary],
    having("adversary", having("epsilon", {})),
  );
}

function lossIsWhole(): Schema[] {
  const aimed = having("adversary", having("objective", { const: "total" }));
  return [
    rule([extendsNothing], defined("weighsAnything")),
    rule([extendsNothing, defined("weighsAdversarial")], anAdversary),
    rule([extendsNothing, aimed], defined("weighsAdversarial")),
  ];
}

function replaysMove(): Schema[] {
  const replayed = having("replays", { minimum: 2 });
  return [
    rule([replayed], { not: having("adversary", isL2) }),
    rule([replayed], { not: defined("weighsClean") }),
    rule([replayed, extendsNothing], defined("weighsAdversarial")),
  ];
}
