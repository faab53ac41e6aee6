import { tensor, type RandomGenerator, type Tensor } from "../tensor/index.js";

/**
 * Initial weights as drawn by torchvision, from one stream per parameter name, so that
 * adding a layer does not change the others.
 */

/** He et al. 2015, fan-out, gain of ReLU: N(0, 2 / (O · kh · kw)). */
export function kaimingNormal(
  random: RandomGenerator,
  name: string,
  shape: readonly number[],
): Tensor<"float32"> {
  const [out, inner, ...kernel] = shape as [number, number, ...number[]];
  const fan = kernel.reduce((product, length) => product * length, out);
  const data = new Float32Array(fan * inner);
  return tensor("float32", shape, random.stream(`init:${name}`).fillNormal(data, Math.sqrt(2 / fan)));
}

/** PyTorch's Linear: U(−1/√in, 1/√in) for weight and bias. */
export function linearUniform(
  random: RandomGenerator,
  name: string,
  shape: readonly number[],
  fanIn: number,
): Tensor<"float32"> {
  const bound = 1 / Math.sqrt(fanIn);
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
  return tensor("float32", shape, random.stream(`init:${name}`).fillUniform(data, -bound, bound));
}

export function constant(shape: readonly number[], value: number): Tensor<"float32"> {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor("float32", shape, new Float32Array(size).fill(value));
}
