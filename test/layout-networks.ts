/** Small networks of convolutions of many kinds, with the gradients that an attack takes of them. */
import { appendGradients } from "../src/autodiff/index.js";
import {
  deadCode,
  foldBatchNorm,
  GraphBuilder,
  parametersAsInputs,
  type Graph,
  type Value,
} from "../src/graph/index.js";
import { COSTS } from "../src/runtime/lowering/costs.js";
import { trainForm } from "../src/models/index.js";
import { createGenerator, sizeOf, tensor, type Tensor } from "../src/tensor/index.js";

const random = createGenerator(7);

/** Costs by which the layout takes whatever it has a form of. */
export const EVERYTHING = {
  ...COSTS,
  blockedGradients: 0,
  plainShare: 1,
  fewPositions: 0,
  steadyPositions: 0,
};

/** What networks are made of: convolutions with constant weights, and norms with constant statistics. */
function createParts(g: GraphBuilder) {
  let count = 0;
  const drawn = (shape: readonly number[], low: number, high: number): Value => {
    const data = random
      .stream(`${g.name} ${count++}`)
      .fillUniform(new Float32Array(sizeOf(shape)), low, high);
    return g.initializer(`weight-${count}`, tensor("float32", shape, data));
  };
  const conv = (x: Value, out: number, kernel = 3, stride = 1, group = 1): Value => {
    const shape = [out, x.shape[1]! / group, kernel, kernel];
    const spread = 1.5 / Math.sqrt(sizeOf(shape.slice(1)));
    const pad = (kernel - 1) >> 1;
    return g.op("Conv", [x, drawn(shape, -spread, spread), drawn([out], -0.2, 0.2)], {
      pads: [pad, pad, pad, pad],
      strides: [stride, stride],
      group,
    });
  };
  const norm = (x: Value): Value => {
    const [c] = [x.shape[1]!];
    const parameters = [
      drawn([c], 0.5, 1.5),
      drawn([c], -0.2, 0.2),
      drawn([c], -0.2, 0.2),
      drawn([c], 0.5, 1.5),
    ];
    return g.op("BatchNormalization", [x, ...parameters]);
  };
  const relu = (x: Value): Value => g.op("Relu", [x]);
  const relu6 = (x: Value): Value => g.op("Clip", [x, g.scalar(0), g.scalar(0.7)]);
  return { conv, norm, relu, relu6, drawn };
}
type Parts = ReturnType<typeof createParts>;
type Body = (x: Value, parts: Parts, g: GraphBuilder) => Value;

const max = (kernel: number, stride: number, pad: number) => ({
  kernel_shape: [kernel, kernel],
  strides: [stride, stride],
  pads: [pad, pad, pad, pad],
});

/** Gating by the means of the channels, as in EfficientNet and MobileNetV3. */
function squeezed(x: Value, { conv, relu }: Parts, g: GraphBuilder): Value {
  const means = g.op("GlobalAveragePool", [x]);
  return g.op("Mul", [x, g.op("Sigmoid", [conv(relu(conv(means, 8, 1)), x.shape[1]!, 1)])]);
}

export const NETWORKS: Readonly<Record<string, { image: readonly number[]; body: Body }>> = {
  "residual, strided, with a pooled stem": {
    image: [2, 3, 32, 32],
    body(image, { conv, norm, relu }, g) {
      const block = (x: Value, out: number, stride: number): Value => {
        const inner = norm(conv(relu(norm(conv(x, out, 3, stride))), out));
        const skip = stride === 1 ? x : norm(conv(x, out, 1, stride));
        return relu(g.op("Add", [inner, skip]));
      };
      const stem = g.op("MaxPool", [relu(norm(conv(image, 16, 7, 2)))], max(3, 2, 1));
      return block(block(block(stem, 16, 1), 32, 2), 48, 2);
    },
  },
  "residual, of odd sizes": {
    image: [2, 3, 33, 31],
    body(image, { conv, relu }, g) {
      const stem = g.op("MaxPool", [relu(conv(image, 16, 3, 2))], max(3, 2, 1));
      const inner = conv(relu(conv(stem, 32, 3, 2)), 32);
      return relu(g.op("Add", [inner, conv(stem, 32, 1, 2)]));
    },
  },
  "depthwise, gated, with residuals": {
    image: [3, 3, 24, 24],
    body(image, parts, g) {
      const { conv, norm, relu6 } = parts;
      const inverted = (x: Value, out: number, kernel: number, stride: number): Value => {
        const wide = relu6(norm(conv(x, 48, 1)));
        const gated = squeezed(relu6(norm(conv(wide, 48, kernel, stride, 48))), parts, g);
        const narrow = norm(conv(gated, out, 1));
        return out === x.shape[1] && stride === 1 ? g.op("Add", [narrow, x]) : narrow;
      };
      const stem = relu6(norm(conv(image, 16, 3, 2)));
      return inverted(inverted(inverted(stem, 16, 3, 1), 24, 5, 2), 24, 5, 1);
    },
  },
  "x · σ(x) and hard swish": {
    image: [2, 3, 16, 16],
    body(image, { conv }, g) {
      const silu = (x: Value): Value => g.op("Mul", [x, g.op("Sigmoid", [x])]);
      const hard = (x: Value): Value =>
        g.op("Mul", [x, g.op("HardSigmoid", [x], { alpha: 1 / 6, beta: 0.5 })]);
      return hard(conv(silu(conv(silu(conv(image, 16, 3, 2)), 32, 3, 1)), 32, 3, 2, 32));
    },
  },
  "dense, normalised before each convolution": {
    image: [2, 3, 24, 24],
    body(image, { conv, norm, relu }, g) {
      const layer = (x: Value): Value =>
        g.op("Concat", [x, conv(relu(norm(conv(relu(norm(x)), 32, 1))), 16)], { axis: 1 });
      const stem = g.op("MaxPool", [relu(conv(image, 32, 3, 2))], max(3, 2, 1));
      const first = layer(layer(stem));
      const between = g.op("AveragePool", [conv(relu(norm(first)), 32, 1)], max(2, 2, 0));
      return relu(norm(layer(layer(between))));
    },
  },
  "plain, pooled by twos": {
    image: [2, 3, 16, 16],
    body(image, { conv, relu }, g) {
      const pooled = (x: Value): Value => g.op("MaxPool", [relu(conv(relu(x), 32))], max(2, 2, 0));
      return pooled(pooled(conv(image, 16)));
    },
  },
  "channels that fill no block": {
    image: [2, 3, 20, 20],
    body(image, { conv, relu }, g) {
      const stem = g.op("MaxPool", [conv(image, 12)], max(3, 2, 1));
      const inner = relu(conv(relu(conv(stem, 20, 3, 2)), 22));
      return g.op("AveragePool", [g.op("Add", [inner, conv(stem, 22, 1, 2)])], max(3, 1, 1));
    },
  },
  "groups of blocks, and smaller ones": {
    image: [2, 3, 16, 16],
    body(image, { conv, relu }) {
      const wide = relu(conv(relu(conv(image, 64)), 64, 3, 2, 2));
      return conv(relu(conv(wide, 64, 3, 2, 16)), 64, 3, 2, 2);
    },
  },
  "branches put side by side": {
    image: [2, 3, 16, 16],
    body(image, { conv, relu }, g) {
      const x = relu(conv(image, 16));
      const pooled = g.op("AveragePool", [x], { ...max(3, 1, 1), count_include_pad: 1 });
      const branches = [
        conv(x, 20, 1),
        conv(x, 16, 5),
        conv(pooled, 16, 1),
        g.op("MaxPool", [x], max(3, 1, 1)),
      ];
      return conv(relu(g.op("Concat", branches, { axis: 1 })), 16);
    },
  },
  "dilated, with a transposed convolution": {
    image: [2, 3, 12, 12],
    body(image, { conv, relu, drawn }, g) {
      const x = relu(conv(image, 16));
      const weight = drawn([16, 16, 3, 3], -0.2, 0.2);
      const dilated = g.op("Conv", [x, weight], { dilations: [2, 2], pads: [2, 2, 2, 2] });
      return g.op("ConvTranspose", [relu(dilated), weight], { strides: [2, 2], pads: [1, 1, 1, 1] });
    },
  },
  "one channel in, one number out": {
    image: [3, 1, 8, 8],
    body(image, { conv, relu }, g) {
      const wide = relu(conv(relu(conv(image, 32, 3, 2)), 32));
      const x = g.op("MaxPool", [relu(conv(wide, 32))], max(4, 4, 0));
      return g.op("Add", [g.op("Softplus", [g.op("Abs", [conv(x, 1, 1)])]), g.op("Neg", [conv(x, 1, 1)])]);
    },
  },
  "the same weight in groups and in one": {
    image: [2, 3, 12, 12],
    body(image, { conv, relu, drawn }, g) {
      const weight = drawn([32, 16, 3, 3], -0.2, 0.2);
      const pads = [1, 1, 1, 1];
      const x = relu(g.op("Conv", [relu(conv(image, 16)), weight], { pads }));
      return relu(g.op("Conv", [x, weight], { pads, group: 2 }));
    },
  },
  "pads of each side their own": {
    image: [2, 3, 19, 22],
    body(image, { conv, relu, drawn }, g) {
      const same = { strides: [2, 3], auto_pad: "SAME_UPPER" };
      const x = relu(g.op("Conv", [conv(image, 16), drawn([24, 16, 3, 5], -0.2, 0.2)], same));
      const lower = { auto_pad: "SAME_LOWER", strides: [2, 1], kernel_shape: [3, 2] };
      const pooled = g.op("MaxPool", [x], lower);
      const slow = { strides: [1, 2], pads: [0, 2, 1, 0], group: 24 };
      const y = relu(g.op("Conv", [pooled, drawn([24, 1, 2, 3], -0.5, 0.5)], slow));
      return g.op("Conv", [y, drawn([16, 24, 3, 2], -0.2, 0.2)], { dilations: [2, 1], pads: [3, 0, 1, 1] });
    },
  },
  "pools that end beyond the pads": {
    image: [2, 3, 15, 14],
    body(image, { conv, relu }, g) {
      const ceil = { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 };
      const x = relu(conv(g.op("MaxPool", [relu(conv(image, 16))], ceil), 20));
      const means = g.op("AveragePool", [x], { ...ceil, pads: [1, 1, 0, 0] });
      const dilated = { kernel_shape: [2, 2], dilations: [2, 2], pads: [1, 0, 0, 1] };
      return conv(relu(g.op("MaxPool", [conv(means, 16)], dilated)), 16);
    },
  },
  "clipped far away": {
    image: [2, 3, 10, 10],
    body(image, { conv, norm, relu }, g) {
      const upTo = (x: Value, most: number): Value => g.op("Clip", [x, g.scalar(0), g.scalar(most)]);
      const x = conv(upTo(conv(upTo(norm(conv(image, 16)), 1e8), 16), 3.4028234663852886e38), 16);
      return conv(relu(conv(relu(conv(relu(x), 16)), 16)), 16);
    },
  },
  "black pixels, clipped": {
    image: [2, 3, 10, 10],
    body(image, { conv, relu6, norm, drawn }, g) {
      const weight = drawn([16, 3, 3, 3], -0.4, 0.4);
      const x = relu6(g.op("Conv", [image, weight], { pads: [1, 1, 1, 1] }));
      return conv(relu6(norm(conv(x, 16))), 16);
    },
  },
  "cut along all axes, its values read elsewhere": {
    image: [2, 3, 10, 10],
    body(image, { conv, relu }, g) {
      const x = relu(conv(image, 48));
      const ints = [[0, 16, 1, 0], [2, 48, 9, 10], [], [1, 1, 2, 1]] as const;
      const [starts, ends, , steps] = ints.map((each) => g.ints([...each]));
      const cut = g.op("Slice", [x, starts, ends, undefined, steps]);
      const y = conv(cut, 20);
      const apart = g.op("Slice", [y, g.ints([4]), g.ints([20]), g.ints([1])]);
      const z = relu(conv(relu(conv(apart, 16)), 20));
      return conv(relu(conv(g.op("Add", [g.op("Mul", [y, y]), g.op("Sub", [relu(y), z])]), 16)), 16);
    },
  },
};

/** Logits, a loss's gradient by the image, and the sign of a step. */
function networkOf(name: string): Graph {
  const { image: shape, body } = NETWORKS[name]!;
  const g = new GraphBuilder(name);
  const image = g.input("image", "float32", shape);
  const parts = createParts(g);
  const maps = body(image, parts, g);
  const features = g.op("ReduceMean", [maps, g.ints([2, 3])], { keepdims: 0 });
  const logits = g.op("MatMul", [features, parts.drawn([maps.shape[1]!, 5], -1, 1)]);
  g.output(logits, "logits");
  return g.build();
}

/** A network's weights by name, and others of about their size. */
export function weightsOf(name: string): readonly Record<string, Tensor>[] {
  const own = [...networkOf(name).initializers].filter(([each]) => each.startsWith("weight-"));
  const smaller = own.map(([each, { shape, data }]) => [
    each,
    tensor(
      "float32",
      shape,
      (data as Float32Array).map((value) => 0.9 * value),
    ),
  ]);
  return [Object.fromEntries(own), Object.fromEntries(smaller) as Record<string, Tensor>];
}

/** @param options.fed whether the weights are inputs. */
export function attackGraph(name: string, { fed = false } = {}): Graph {
  const network = networkOf(name);
  const graph = foldBatchNorm(fed ? parametersAsInputs(network, Object.keys(weightsOf(name)[0]!)) : network);
  const h = GraphBuilder.from(graph, { keepOutputs: true });
  const loss = h.op("ReduceSum", [h.op("LogSoftmax", [h.value("logits")], { axis: 1 })], { keepdims: 0 });
  const [gradient] = appendGradients(h, { of: loss, withRespectTo: [h.value("image")] });
  h.output(gradient!, "gradient");
  return deadCode(h.build());
}

/**
 * The loss's gradients by the weights, which are fed, as in a training.
 *
 * @param options.frozen whether norms keep their statistics, rather than take those of the batch.
 */
export function updateGraph(name: string, { frozen = false } = {}): Graph {
  const network = networkOf(name);
  const fed = parametersAsInputs(network, Object.keys(weightsOf(name)[0]!));
  const { graph } = frozen ? { graph: fed } : trainForm({ graph: fed, name });
  const statistics = new Set(
    network.nodes.flatMap(({ op, inputs }) => (op === "BatchNormalization" ? inputs.slice(3) : [])),
  );
  const weights = graph.inputs.filter((each) => each !== "image" && !statistics.has(each));
  const h = GraphBuilder.from(graph, { keepOutputs: true });
  const loss = h.op("ReduceSum", [h.op("LogSoftmax", [h.value("logits")], { axis: 1 })], { keepdims: 0 });
  const gradients = appendGradients(h, { of: loss, withRespectTo: weights.map((each) => h.value(each)) });
  gradients.forEach((gradient, i) => h.output(gradient, `gradient of ${weights[i]!}`));
  return deadCode(h.build());
}

export function imageOf(graph: Graph): Record<string, Tensor> {
  const { shape } = graph.values.get("image")!;
  const data = random.stream("image").fillUniform(new Float32Array(sizeOf(shape)), 0, 1);
  if (graph.name.includes("black")) data.fill(0, 0, data.length / 2);
  return { image: tensor("float32", shape, data) };
}
