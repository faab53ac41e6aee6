import type { Dim, GraphBuilder, Value } from "../graph/index.js";
import { float32, type RandomGenerator } from "../tensor/index.js";
import { constant, kaimingNormal, linearUniform } from "./initialise.js";

type Activation = Value<Dim>;

/** Adds named layers to a graph and keeps the list of their parameters and buffers. */
export interface Layers {
  readonly parameters: readonly string[];
  readonly buffers: readonly string[];
  /** (x − mean) / std per channel. */
  normalise(x: Activation, mean: readonly number[], std: readonly number[]): Activation;
  /** Square kernel, padded by ⌊kernel / 2⌋, without bias. */
  conv(x: Activation, name: string, channels: number, kernel: number, stride?: number): Activation;
  /** `scale`: initial γ, 1 by default. */
  batchNorm(x: Activation, name: string, scale?: number): Activation;
  relu(x: Activation, name: string): Activation;
  /** Global average pooling and a linear layer: `[N, K]`. */
  head(x: Activation, name: string, classes: number): Activation;
}

/** Name of the image after normalisation. */
export const NORMALISED = "normalised";

/** PyTorch's momentum .1 is ONNX's .9. */
const BATCH_NORM = { epsilon: 1e-5, momentum: 0.9 };

export function createLayers(g: GraphBuilder<Dim>, random: RandomGenerator): Layers {
  const parameters: string[] = [];
  const buffers: string[] = [];
  const parameter = (name: string, data: ReturnType<typeof constant>): Activation => {
    parameters.push(name);
    return g.initializer(name, data);
  };
  const buffer = (name: string, data: ReturnType<typeof constant>): Activation => {
    buffers.push(name);
    return g.initializer(name, data);
  };
  return {
    parameters,
    buffers,
    normalise(x, mean, std) {
      const shape = [mean.length, 1, 1];
      const centred = g.op("Sub", [x, g.constant(float32(shape, mean))]);
      return g.op(
        "Mul",
        [
          centred,
          g.constant(
            float32(
              shape,
              std.map((value) => 1 / value),
            ),
          ),
        ],
        {},
        { name: NORMALISED },
      );
    },
    conv(x, name, channels, kernel, stride = 1) {
      const shape = [channels, x.shape[1] as number, kernel, kernel];
      const weight = parameter(`${name}.weight`, kaimingNormal(random, `${name}.weight`, shape));
      const pad = Math.floor(kernel / 2);
      const attributes = {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: [pad, pad, pad, pad],
      };
      return g.op("Conv", [x, weight], attributes, { name });
    },
    batchNorm(x, name, scale = 1) {
      const shape = [x.shape[1] as number];
      const inputs = [
        x,
        parameter(`${name}.weight`, constant(shape, scale)),
        parameter(`${name}.bias`, constant(shape, 0)),
        buffer(`${name}.running_mean`, constant(shape, 0)),
        buffer(`${name}.running_var`, constant(shape, 1)),
      ];
      return g.op("BatchNormalization", inputs, BATCH_NORM, { name });
    },
    relu: (x, name) => g.op("Relu", [x], {}, { name }),
    head(x, name, classes) {
      const features = x.shape[1] as number;
      const pooled = g.op(
        "Flatten",
        [g.op("GlobalAveragePool", [x], {}, { name: "avgpool" })],
        {},
        { name: "features" },
      );
      const weight = linearUniform(random, `${name}.weight`, [classes, features], features);
      const bias = linearUniform(random, `${name}.bias`, [classes], features);
      const inputs = [pooled, parameter(`${name}.weight`, weight), parameter(`${name}.bias`, bias)];
      return g.op("Gemm", inputs, { transB: 1 }, { name: "logits" });
    },
  };
}
