export {
  sweep,
  type SweepCriterion,
  type SweepEvent,
  type SweepHooks,
  type SweepOptions,
  type SweepValue,
  type Trial,
} from "./sweep.js";
