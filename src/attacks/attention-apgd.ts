import { UsageError } from "../errors/index.js";
import type { Graph, GraphBuilder, Value } from "../graph/index.js";
import { attentionMap, attentionPairing } from "../losses/index.js";
import { tapActivation, type BoundClassifier } from "../models/index.js";
import { ask, type Asking, type Query, type Question } from "./asking.js";
import { defineAttack, type Subject } from "./attack.js";
import { createBest } from "./best.js";
import { alone } from "./cards/adaptive-cards.js";
import { CARDS, lossFor, type OptionsOf, type RaisedLoss } from "./cards/index.js";
import { climb, isDone } from "./climb.js";
import { askerOf, classRows, lossAsker, lossGradientGraph, type LossAt } from "./loss-gradient.js";
import { forwardGraph, STEP } from "./pgd-step.js";

/** Names in addition to those of {@link STEP}: the weights per image, `[N]`. */
const WEIGHT = { attention: "attention_weight", logits: "logits_weight" } as const;
/** Added under a square root, so that its derivative at 0 is 0 and not NaN. */
const FLOOR = 1e-12;

type Options = OptionsOf<(typeof CARDS)["attention-apgd"]["options"]>;

/**
 * The adaptive attack on models trained to keep their attention and their logits (AT, ALP, AT+ALP): APGD on
 *
 *   L(x') = ℓ(z', y) + β · mean_j ‖ Q̂_j(x') − Q̂_j(x) ‖₂ + α · ‖ z' − z ‖₂ / ‖ z − mean z ‖₂
 *
 * ℓ is one of APGD's losses, Q̂_j the normalised attention map of tap j, and z and z' are the logits of the clean and the
 * attacked image. Where pairing has flattened ℓ, the other two terms still lead away. From the best image of such a run,
 * APGD continues on ℓ alone for half as many steps. Both distances have no unit, so β and α mean the same on every model.
 *
 * Running it throws a UsageError if the model has no attention maps.
 */
export const attentionApgd = defineAttack(CARDS["attention-apgd"], function* (subject, options) {
  const best = createBest(subject);
  const rows = yield* cleanRows(subject, options);
  const { target, randomised, cleanLogits } = subject;
  const isTargeted = target !== undefined;
  const question = questionOf(lossFor(options.loss, cleanLogits.length, isTargeted), isTargeted);
  const asker = askerOf(question, randomised ? options.draws : 1);
  const together = (x: Float32Array): Asking<LossAt> => asker(x, rows);
  const byLoss = lossAsker(subject, options.loss, { target, draws: options.draws });
  for (let restart = 0; restart < options.restarts && !isDone(best, subject); restart++) {
    const run = createBest(subject);
    const source = subject.stream("attention-start", restart);
    const start = { in: ({ ball }: Subject) => ball.edge(source), isNoise: true };
    yield* climb(subject, together, options, start, offeringTo(run, best));
    if (isDone(best, subject)) break;
    const on = { in: () => run.image, isNoise: false };
    yield* climb(subject, byLoss, { ...options, steps: alone(options.steps) }, on, best);
  }
  return best.image;
});

/** Offers the iterates of a run to its own best and to the overall best. */
function offeringTo(run: ReturnType<typeof createBest>, all: typeof run): typeof run {
  return {
    get image() {
      return run.image;
    },
    get succeeded() {
      return all.succeeded;
    },
    offer(candidate, logits) {
      run.offer(candidate, logits);
      all.offer(candidate, logits);
    },
  };
}

/** Inputs of every question about the image: its classes, its clean logits and maps, and the weights. */
function* cleanRows(subject: Subject, options: Options): Asking<Query["rows"]> {
  const { image, cleanLogits, target } = subject;
  const clean = yield* ask(MAPS, { [STEP.image]: image });
  const mean = cleanLogits.reduce((sum, z) => sum + z, 0) / cleanLogits.length;
  const spread = Math.sqrt(cleanLogits.reduce((sum, z) => sum + (z - mean) ** 2, 0));
  const isUsable = spread > 1e-30 && Number.isFinite(spread);
  return {
    ...clean,
    ...classRows(subject, target),
    [WEIGHT.attention]: Float32Array.of(options.attentionWeight),
    // Inside the square root, relative to the clean logits.
    [WEIGHT.logits]: Float32Array.of(isUsable ? options.pairingWeight / spread : 0),
  };
}

const MAPS: Question = {
  key: "attention-maps",
  kind: "forward",
  build: (classifier) => forwardGraph(checked(classifier), { attention: true }),
};

const questions = new Map<string, Question>();

function questionOf(loss: RaisedLoss, isTargeted: boolean): Question {
  const key = `gradient-attention-${loss}${isTargeted ? "-targeted" : ""}`;
  let found = questions.get(key);
  if (found === undefined) {
    found = { key, kind: "gradient", build: (bound) => attentionGradientGraph(bound, loss, isTargeted) };
    questions.set(key, found);
  }
  return found;
}

function attentionGradientGraph(classifier: BoundClassifier, loss: RaisedLoss, isTargeted: boolean): Graph {
  const { taps, logits } = checked(classifier);
  return lossGradientGraph(classifier, loss, isTargeted, (g, raised) => {
    const maps = taps.map((tap) => attentionMap(g, tapActivation(g, tap)));
    const clean = maps.map((map, j) => g.input(STEP.cleanAttention(j), "float32", map.shape));
    const weight = (name: string): Value => g.input(name, "float32", raised.shape);
    const shift = g.op("Mul", [
      g.op("Mul", [attentionPairing(g, clean, maps), g.scalar(1 / maps.length)]),
      weight(WEIGHT.attention),
    ]);
    const pairing = distance(g, g.value(logits), weight(WEIGHT.logits));
    return g.op("Add", [raised, g.op("Add", [shift, pairing])]);
  });
}

/** ‖ w · (z' − z) ‖₂ for each image, `[N]`. */
function distance(g: GraphBuilder, logits: Value, weight: Value): Value {
  const clean = g.input(STEP.cleanLogits, "float32", logits.shape);
  const difference = g.op("Mul", [g.op("Sub", [logits, clean]), g.op("Unsqueeze", [weight, g.ints([1])])]);
  const squared = g.op("ReduceSumSquare", [difference, g.ints([1])], { keepdims: 0 });
  return g.op("Sqrt", [g.op("Add", [squared, g.scalar(FLOOR)])]);
}

function checked(classifier: BoundClassifier): BoundClassifier {
  if (classifier.taps.length > 0) return classifier;
  throw new UsageError({
    place: "attack attention-apgd",
    problem: `the model ${classifier.name} has no attention maps`,
    remedy: "Use apgd, which does not need them.",
  });
}
