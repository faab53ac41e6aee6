export {
  sweep,
  type SweepCriterion,
  type SweepEvent,
  type SweepOptions,
  type SweepValue,
  type Trial,
} from "./sweep.js";
