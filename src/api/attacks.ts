/**
 * From `holdfast`: attacks and suites as data, and the targets they run on.
 *
 * @example
 * ```ts
 * import { ATTACKS, createFunctionTarget, createGenerator, planAttack, runAttack } from "holdfast";
 *
 * // Attacks without gradients work on any function from images to logits.
 * const target = createFunctionTarget(
 *   { channels: 3, height: 32, width: 32, classNames: ["cat", "dog"] },
 *   async (images) => new Float32Array((images.length / (3 * 32 * 32)) * 2),
 *   { batchSize: 100, gives: "logits" },
 * );
 * const square = planAttack(ATTACKS.square, { norm: "linf", epsilon: 8 / 255 }, { queries: 1000 });
 * const batch = {
 *   images: new Float32Array(3 * 32 * 32).fill(0.5),
 *   labels: Int32Array.of(0),
 *   indices: Uint32Array.of(0),
 *   size: 1,
 * };
 * const { success, distance } = await runAttack(target, square, batch, { random: createGenerator(0) });
 * console.log(success[0] === 1, distance[0]);
 * ```
 * @module Attacks
 */
export {
  ATTACKS,
  createFunctionTarget,
  createTarget,
  NO_CLASS,
  openTarget,
  planAttack,
  runAttack,
  stagesOf,
  SUITES,
} from "../attacks/index.js";
export type {
  Access,
  AdversarySpec,
  AnyAttack,
  Attack,
  AttackBatch,
  AttackName,
  AttackedBatch,
  BallNorm,
  Card,
  ChoiceRow,
  Compile,
  Cost,
  CountRow,
  FlagRow,
  FunctionInput,
  FunctionTargetOptions,
  GivenOptions,
  ImageFunction,
  Norm,
  OptionRow,
  OptionRows,
  OptionValue,
  OptionsOf,
  PlannedAttack,
  PositiveRow,
  RunContext,
  StepNorm,
  Stop,
  Suite,
  SuiteName,
  SuiteStage,
  Target,
  TargetOptions,
  ThreatModel,
} from "../attacks/index.js";
export { attackNamed } from "../evaluation/index.js";
