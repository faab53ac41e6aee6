import { createGenerator, tensor, type Tensor } from "../src/tensor/index.js";

const random = createGenerator(0);

/** The values that `scripts/fixtures/seeded.py` draws: the same formula, so no fixture stores them. */
function uniform(name: string, shape: readonly number[], low: number, high: number): Tensor<"float32"> {
  const t = tensor("float32", shape);
  random.stream(name).fillUniform(t.data, low, high);
  return t;
}

/** Images in [0, 1). */
export function seededImages(name: string, shape: readonly number[]): Tensor<"float32"> {
  return uniform(name, shape, 0, 1);
}

/** The seeded value of a parameter or buffer. */
export function seededWeight(name: string, shape: readonly number[]): Tensor<"float32"> {
  if (shape.length === 4) {
    const bound = Math.sqrt(6 / (shape[1]! * shape[2]! * shape[3]!));
    return uniform(name, shape, -bound, bound);
  }
  if (shape.length === 2) {
    const bound = 1 / Math.sqrt(shape[1]!);
    return uniform(name, shape, -bound, bound);
  }
  if (name.endsWith("running_var") || name.endsWith(".weight")) return uniform(name, shape, 0.5, 1);
  return uniform(name, shape, -0.2, 0.2);
}

/** As {@link seededWeight}, with BatchNorm biases of ±3 to ±4: hardly a ReLU's input comes near zero. */
export function steadyWeight(name: string, shape: readonly number[]): Tensor<"float32"> {
  if (shape.length !== 1 || !name.endsWith(".bias") || name.startsWith("fc"))
    return seededWeight(name, shape);
  const sign = uniform(`sign:${name}`, shape, -1, 1).data;
  const size = uniform(name, shape, 3, 4).data;
  return tensor(
    "float32",
    shape,
    size.map((value, i) => (sign[i]! < 0 ? -value : value)),
  );
}

/** A direction to project a gradient on: one number that every element enters. */
export function seededProbe(name: string, shape: readonly number[]): Tensor<"float32"> {
  return uniform(`probe:${name}`, shape, -1, 1);
}
