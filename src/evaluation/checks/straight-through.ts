/** The attack again with gradients that pass straight through what rounds. */
import { ATTACKS, averagedTarget, planAttack, type Target } from "../../attacks/index.js";
import { isOpaque, withStraightThrough, type AnyClassifier, type Classifier } from "../../models/index.js";
import type { AttackMeasurement } from "../result/index.js";
import type { Run } from "../run.js";
import { drawsOf, MOST_SEARCHED, type PlannedFurther } from "./plan-checks.js";

/**
 * If the model rounds between the image and its logits: APGD on every survivor up to a number, with those operators
 * differentiated as the identity. Undefined if no such operator is there.
 */
export function planStraightThrough(
  classifier: AnyClassifier,
  measurement: AttackMeasurement,
  standing: number,
): (PlannedFurther & { readonly classifier: Classifier }) | undefined {
  const { threat, zeroGradient } = measurement;
  const isKnown = ATTACKS.apgd.norms.some((norm) => norm === threat.norm);
  if (isOpaque(classifier) || !isKnown || zeroGradient?.steps === undefined) return undefined;
  const steps = new Set(zeroGradient.steps);
  const { graph } = classifier;
  const bent = withStraightThrough(graph, ({ op, name }) => steps.has(`${op} (${name})`));
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
