import { reshapeTo, type GraphBuilder, type Value } from "../../graph/index.js";
import { sizeOf } from "../../tensor/index.js";
import { type Rule, type RuleContext as AnyContext } from "../rule.js";

type RuleContext = AnyContext<"BatchNormalization">;

/**
 * BatchNormalization: y = γ · x̂ + β, x̂ = (x − μ) · r, r = 1 / √(σ² + ε), per channel.
 *
 * Eval form (μ, σ² given):
 *
 *   x_grad = γ r · y_grad     γ_grad = Σ y_grad · x̂     β_grad = Σ y_grad
 *   μ_grad = − γ r Σ y_grad     σ²_grad = − ½ γ r² · γ_grad
 *
 * Training form (μ, σ² of the batch, over M = N · H · W elements; Ioffe & Szegedy 2015, §3):
 *
 *   x_grad = γ r · ( y_grad − β_grad / M − x̂ · γ_grad / M )  =  s · y_grad + t · (x − μ) + u ,
 *   s = γ r     t = − s r γ_grad / M     u = − s β_grad / M     one number per channel each, so few passes over the maps
 */
export const batchNormalization: Rule<"BatchNormalization"> = (context) =>
  context.attributes.training_mode === 1 ? training(context) : inference(context);

const perChannel = (g: GraphBuilder, value: Value, rank: number): Value =>
  reshapeTo(g, value, [
    1,
    value.shape.length === 1 ? value.shape[0]! : value.shape[1]!,
    ...Array<number>(rank - 2).fill(1),
  ]);

const channelAxes = ({ shape }: Value): number[] => shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));

/** Σ over everything but the channel, `[C]`. */
function channelSum(g: GraphBuilder, value: Value): Value {
  return g.op("ReduceSum", [value, g.ints(channelAxes(value))], { keepdims: 0 });
}

/** r = 1 / √(σ² + ε), in the shape of σ². */
function inverseDeviation({ g, attributes }: RuleContext, variance: Value): Value {
  const shifted = g.op("Add", [variance, g.scalar(attributes.epsilon, variance)]);
  return g.op("Reciprocal", [g.op("Sqrt", [shifted])]);
}

function inference(context: RuleContext): (Value | null)[] {
  const { g, inputs, outputGrads, needs } = context;
  const [x, gamma, , mean, variance] = inputs as Value[];
  const yGrad = outputGrads[0]!;
  const rank = x!.shape.length;
  const r = inverseDeviation(context, variance!);
  const scale = g.op("Mul", [gamma, r]);
  const betaGrad = (): Value => channelSum(g, yGrad);
  const gammaGrad = (): Value => {
    const centred = g.op("Sub", [x, perChannel(g, mean!, rank)]);
    return g.op("Mul", [channelSum(g, g.op("Mul", [yGrad, centred])), r]);
  };
  return [
    needs(0) ? g.op("Mul", [yGrad, perChannel(g, scale, rank)]) : null,
    needs(1) ? gammaGrad() : null,
    needs(2) ? betaGrad() : null,
    needs(3) ? g.op("Neg", [g.op("Mul", [scale, betaGrad()])]) : null,
    needs(4) ? g.op("Mul", [g.op("Mul", [scale, r]), g.op("Mul", [gammaGrad(), g.scalar(-0.5, r)])]) : null,
  ];
}

/** σ² of the batch, `[1, C, 1, …]`, and x − μ. */
function statistics(
  context: RuleContext,
  count: number,
): { readonly variance: Value; readonly centred: Value } {
  const { g, inputs, outputs } = context;
  const x = inputs[0]!;
  const rank = x.shape.length;
  const [, given, givenVariance] = givesStatistics(context) ? outputs : [];
  const axes = g.ints(channelAxes(x));
  const mean = given ? perChannel(g, given, rank) : g.op("ReduceMean", [x, axes], { keepdims: 1 });
  const centred = g.op("Sub", [x, mean]);
  if (givenVariance) return { variance: perChannel(g, givenVariance, rank), centred };
  const sum = g.op("ReduceSumSquare", [centred, axes], { keepdims: 1 });
  return { variance: g.op("Mul", [sum, g.scalar(1 / count, x)]), centred };
}

/**
 * Whether the node's running outputs are its batch's statistics when the gradient reads them: with momentum 0, and
 * running inputs computed only for this node. ONNX Runtime writes the outputs over the inputs, so if
 * another node shares them (equal constants also become one value), only the last node's statistics are left.
 */
function givesStatistics({ g, node, inputs, attributes }: RuleContext): boolean {
  if (attributes.momentum !== 0) return false;
  return inputs.slice(3).every((running) => {
    const source = g.producer(running!)?.inputs[0];
    if (source === undefined || g.constantOf(g.value(source)) !== undefined) return false;
    return g.nodes.every((other) => other === node || !other.inputs.includes(running!.name));
  });
}

interface Parts {
  /** As the output, `[N, C, …]`. */
  readonly yGrad: Value;
  readonly centred: Value;
  /** `[1, C, 1, …]`. */
  readonly r: Value;
  /** γ_grad, `[1, C, 1, …]`. */
  readonly scaled: Value;
  /** `[C]`. */
  readonly betaGrad: Value;
  readonly count: number;
}

/** s · y_grad + u + t · (x − μ). */
function inputGradient(
  { g, inputs }: RuleContext,
  { yGrad, centred, r, betaGrad, scaled, count }: Parts,
): Value {
  const gamma = inputs[1]!;
  const rank = yGrad.shape.length;
  const scale = g.op("Mul", [perChannel(g, gamma, rank), r]);
  const less = g.op("Neg", [g.op("Mul", [scale, g.scalar(1 / count, yGrad)])]);
  const slope = g.op("Mul", [g.op("Mul", [less, r]), scaled]);
  const shift = g.op("Mul", [less, perChannel(g, betaGrad, rank)]);
  const shifted = g.op("Add", [g.op("Mul", [yGrad, scale]), shift]);
  return g.op("Add", [g.op("Mul", [centred, slope]), shifted]);
}

function training(context: RuleContext): (Value | null)[] {
  const { g, inputs, outputGrads, attributes, needs } = context;
  const [x, gamma] = inputs as [Value, Value];
  const rank = x.shape.length;
  const count = sizeOf(x.shape) / x.shape[1]!;
  const { variance, centred } = statistics(context, count);
  const r = inverseDeviation(context, variance);
  const [yGrad, meanGrad, varianceGrad] = outputGrads;
  const contributions: Value[] = [];
  let gammaGrad: Value | null = null;
  let betaGrad: Value | null = null;
  if (yGrad) {
    betaGrad = channelSum(g, yGrad);
    const correlation = perChannel(g, channelSum(g, g.op("Mul", [yGrad, centred])), rank);
    const scaled = g.op("Mul", [correlation, r]);
    gammaGrad = reshapeTo(g, scaled, gamma.shape);
    if (needs(0)) contributions.push(inputGradient(context, { yGrad, centred, r, betaGrad, scaled, count }));
  }
  // Running outputs are m · old + (1 − m) · batch statistic.
  const momentum = attributes.momentum;
  const statistic = (1 - momentum) / count;
  if (needs(0) && meanGrad) {
    const each = perChannel(g, g.op("Mul", [meanGrad, g.scalar(statistic, x)]), rank);
    contributions.push(g.op("Expand", [each, g.ints(x.shape)]));
  }
  if (needs(0) && varianceGrad) {
    const each = perChannel(g, g.op("Mul", [varianceGrad, g.scalar(2 * statistic, x)]), rank);
    contributions.push(g.op("Mul", [centred, each]));
  }
  const total =
    contributions.length === 0
      ? null
      : contributions.length === 1
        ? contributions[0]!
        : g.op("Sum", contributions);
  const kept = (grad: Value | null | undefined): Value | null =>
    grad ? g.op("Mul", [grad, g.scalar(momentum, grad)]) : null;
  return [
    total,
    needs(1) ? gammaGrad : null,
    needs(2) ? betaGrad : null,
    needs(3) ? kept(meanGrad) : null,
    needs(4) ? kept(varianceGrad) : null,
  ];
}
