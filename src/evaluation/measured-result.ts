/** A result from its measurements: what is judged and said of them, without a model or an image. */
import { corruptionStatements } from "./corruption-summary.js";
import { distanceStatements } from "./distances.js";
import {
  budgetStatement,
  checkGates,
  checkStatements,
  uncheckedStatement,
  upperBoundStatements,
} from "./gates/index.js";
import {
  parseResult,
  resultSchemaVersion,
  type Result,
  type ScoredImages,
  type ShardInfo,
} from "./result/index.js";

/** What a result is made from; its gates and statements follow from these. */
export type Measures = Omit<Result, "schemaVersion" | "date" | "examples" | "warnings" | "statements"> &
  Partial<Pick<Result, "date" | "examples" | "statements">>;

/** A result from these measurements: runs the gates, and checks it against its own schema. */
export function measuredResult(measures: Measures): Result {
  const result: Result = {
    schemaVersion: resultSchemaVersion,
    ...measures,
    date: measures.date ?? new Date().toISOString(),
    examples: measures.examples ?? [],
    warnings: checkGates(measures),
    statements: [
      ...(measures.statements ?? []),
      ...upperBoundStatements(measures),
      ...checkStatements(measures),
      ...uncheckedStatement(measures),
      ...budgetStatement(measures),
      ...distanceStatements(measures),
      ...corruptionStatements(measures),
      measures.shard === undefined
        ? sampleStatement(measures.dataset)
        : shardStatement(measures.shard, measures.dataset),
      ...classesStatement(measures.dataset),
      ...measures.models.flatMap(({ name, preprocessing }) =>
        preprocessing === undefined ? [] : [`${name} gets its pixels as ${preprocessing}.`],
      ),
    ],
  };
  return parseResult(result, "the result");
}

/** Says which shard this is, and how to get the whole. */
function shardStatement({ index, count, images }: ShardInfo, { n }: ScoredImages): string {
  return (
    `This is shard ${index} of ${count}: ${n} of the ${images} images of the evaluation. holdfast merge combines ` +
    "all shards into the whole."
  );
}

function sampleStatement({ n, population, sampling, sampleSeed, name }: ScoredImages): string {
  if (sampling === "full") return `All ${n} images of ${name} were scored.`;
  return (
    `${n} of the ${population} images of ${name} were scored, a class-balanced sample drawn with ` +
    `seed ${sampleSeed}. The intervals (Wilson, 95 %) say how far the accuracy on all images may be from it.`
  );
}

/** If only some classes have images: what predictions are chosen from. */
function classesStatement({ classNames, classCounts }: ScoredImages): string[] {
  const present = classCounts.filter((count) => count > 0).length;
  if (present === classNames.length) return [];
  return [
    `The images cover ${present} of the ${classNames.length} classes. Predictions, and so the success of attacks, are still ` +
      "taken over all outputs.",
  ];
}
