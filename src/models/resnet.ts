import { GraphBuilder, type Dim, type Value } from "../graph/index.js";
import type { RandomGenerator } from "../tensor/index.js";
import type { Classifier, Tap } from "./classifier.js";
import type { ModelDefence } from "./defence.js";
import { denoisingBlock } from "./denoising.js";
import { createLayers, type Layers } from "./layers.js";
import { createRandomLayers } from "./random-layers.js";

/** Options of every architecture. */
export interface ClassifierOptions {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
  /** Per-channel mean and deviation of pixels in [0, 1]; 0 and 1 by default. */
  readonly normalization?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Draws the initial weights. */
  readonly random: RandomGenerator;
  /** Layers that a defence adds. */
  readonly defence?: ModelDefence | undefined;
  /** Whether the network is for training or testing: some defences act only at test. `test` by default. */
  readonly form?: "train" | "test" | undefined;
}

/** The shape of a residual network (He et al. 2016, arXiv:1512.03385, table 1). */
export interface ResNetSpec {
  readonly block: "basic" | "bottleneck";
  /** Residual blocks in each group. */
  readonly blocks: readonly number[];
  /** Channels of each group before the bottleneck's expansion by four. */
  readonly widths: readonly number[];
  readonly stem: {
    readonly channels: number;
    readonly kernel: number;
    readonly stride: number;
    readonly maxPool: boolean;
  };
}

const EXPANSION = 4;

/**
 * A residual network as in torchvision: the same parameters with the same names, and the
 * stride of a bottleneck on its 3×3 convolution. The first group keeps the stem's size, each
 * later one halves it. Taps are the last activation of each group (after its
 * denoising block, if the defence adds one): `group-0` …
 */
export function buildResNet(name: string, spec: ResNetSpec, options: ClassifierOptions): Classifier {
  const g = new GraphBuilder<Dim>(name);
  const layers = createLayers(g, options.random);
  const { channels, height, width, classNames, normalization, defence = {} } = options;
  const noisy = createRandomLayers(g);
  let x = g.input("image", "float32", ["N", channels, height, width]);
  if (defence.inputNoise !== undefined) x = noisy.addNoise(x, "input_noise", defence.inputNoise);
  const { randomResize } = defence;
  if (randomResize !== undefined && (randomResize.when === "always" || options.form !== "train")) {
    x = noisy.resize(x, randomResize);
  }
  if (normalization !== undefined) x = layers.normalise(x, normalization.mean, normalization.std);
  x = layers.conv(x, "conv1", spec.stem.channels, spec.stem.kernel, spec.stem.stride);
  x = layers.relu(layers.batchNorm(x, "bn1"), "relu");
  if (defence.activationNoise !== undefined) {
    x = noisy.addNoise(x, "activation_noise", defence.activationNoise);
  }
  if (spec.stem.maxPool) {
    x = g.op(
      "MaxPool",
      [x],
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
      { name: "maxpool" },
    );
  }
  const taps: Tap[] = [];
  spec.blocks.forEach((count, group) => {
    for (let index = 0; index < count; index++) {
      const stride = index === 0 && group > 0 ? 2 : 1;
      x = residualBlock(g, layers, x, `layer${group + 1}.${index}`, spec.block, spec.widths[group]!, stride);
    }
    if (defence.denoising !== undefined) {
      x = denoisingBlock(g, layers, x, `denoising${group + 1}`, defence.denoising);
    }
    taps.push({ name: `group-${group}`, value: x.name });
  });
  const logits = layers.head(x, "fc", classNames.length);
  g.output(logits);
  return Object.freeze({
    name,
    graph: g.build(),
    image: "image",
    logits: logits.name,
    channels,
    height,
    width,
    classNames,
    parameters: layers.parameters,
    buffers: layers.buffers,
    taps,
    ...(noisy.inputs.length === 0 ? {} : { randomInputs: noisy.inputs }),
  });
}

function residualBlock(
  g: GraphBuilder<Dim>,
  layers: Layers,
  x: Value<Dim>,
  name: string,
  kind: ResNetSpec["block"],
  width: number,
  stride: number,
): Value<Dim> {
  const out = kind === "basic" ? width : width * EXPANSION;
  const unit = (
    from: Value<Dim>,
    index: number,
    channels: number,
    kernel: number,
    step: number,
  ): Value<Dim> =>
    layers.batchNorm(layers.conv(from, `${name}.conv${index}`, channels, kernel, step), `${name}.bn${index}`);
  const active = (value: Value<Dim>, index: number): Value<Dim> => layers.relu(value, `${name}.relu${index}`);
  let y: Value<Dim>;
  if (kind === "basic") {
    y = unit(active(unit(x, 1, width, 3, stride), 1), 2, width, 3, 1);
  } else {
    y = active(unit(x, 1, width, 1, 1), 1);
    y = unit(active(unit(y, 2, width, 3, stride), 2), 3, out, 1, 1);
  }
  const projected = stride !== 1 || x.shape[1] !== out;
  const skip = projected
    ? layers.batchNorm(layers.conv(x, `${name}.downsample.0`, out, 1, stride), `${name}.downsample.1`)
    : x;
  return layers.relu(g.op("Add", [y, skip], {}, { name: `${name}.sum` }), `${name}.out`);
}
