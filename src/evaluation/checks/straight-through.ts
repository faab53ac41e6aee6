/** The attack again with gradients that pass straight through what rounds, or saturates at an end of the model. */
import { ATTACKS, averagedTarget, planAttack, type Target } from "../../attacks/index.js";
import {
  isOpaque,
  withoutSaturation,
  withStraightThrough,
  type AnyClassifier,
  type Classifier,
} from "../../models/index.js";
import { brokenBlindly } from "../blind.js";
import type { AttackMeasurement } from "../result/index.js";
import type { Run } from "../run.js";
import { drawsOf, MOST_SEARCHED, type PlannedFurther } from "./plan-checks.js";

/**
 * If the model rounds between the image and its logits: APGD on every survivor up to a number, with those operators
 * differentiated as the identity. If the gradient was zero, or an attack without one did better, so are those that saturate
 * before its first or after its last layer. Undefined if no such operator is there.
 */
export function planStraightThrough(
  classifier: AnyClassifier,
  measurement: AttackMeasurement,
  standing: number,
): (PlannedFurther & { readonly classifier: Classifier }) | undefined {
  const { threat, zeroGradient } = measurement;
  const isKnown = ATTACKS.apgd.norms.some((norm) => norm === threat.norm);
  if (isOpaque(classifier) || !isKnown) return undefined;
  const { graph, image } = classifier;
  const steps = new Set(zeroGradient?.steps);
  const isHidden = (zeroGradient?.standing ?? 0) > 0 || brokenBlindly(measurement) !== undefined;
  const open = isHidden ? withoutSaturation(graph, image) : graph;
  const bent = withStraightThrough(open, ({ op, name }) => steps.has(`${op} (${name})`));
  if (bent.nodes.every((node, i) => node === graph.nodes[i])) return undefined;
  const draws = drawsOf(measurement);
  const planned = planAttack(ATTACKS.apgd, threat, { loss: "margin", restarts: 2, draws });
  const images = Math.min(standing, MOST_SEARCHED);
  return { purpose: "straight-through", planned, images, classifier: { ...classifier, graph: bent } };
}

/** Does something in a run whose model is another classifier: one with the same answers and another gradient. */
export async function withGradientOf<T>(
  run: Run,
  model: string,
  classifier: Classifier,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { randomised, samples } = run.targets.get(model)!;
  const opened = run.open(classifier);
  const target: Target = randomised && !opened.randomised ? averagedTarget(opened, samples) : opened;
  try {
    return await work({ ...run, targets: new Map([...run.targets, [model, target]]) });
  } finally {
    await target.dispose();
  }
}
