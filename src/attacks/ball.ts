import { l2Distance, linfDistance, type RandomStream } from "../tensor/index.js";
import { crossPolytope } from "./l1-ball.js";
import { STEP } from "./pgd-step.js";
import { patchBall, type Shape } from "./patch-ball.js";
import type { BallNorm, ThreatModel } from "./threat.js";

/** The allowed images around an image. The only place on the host that knows the norms. */
export interface Ball {
  /** Moves `point` into the ball and into [0, 1], in place. */
  project(point: Float32Array): Float32Array;
  /**
   * A random point, clipped to [0, 1]: uniform in the L∞ cube; in L2 a uniform direction with radius ε · u, as in torchattacks'
   * PGDL2; in L1 Laplace noise scaled to ε · u.
   */
  sample(source: RandomStream): Float32Array;
  /** A random point on the sphere around the centre, clipped to [0, 1], where APGD starts. In L1 projected normal noise. */
  edge(source: RandomStream): Float32Array;
  /**
   * x + length · the steepest direction of unit length in the norm: the gradient's signs in L∞, the normalised gradient in
   * L2, and in L1 the signs of its largest `share` of elements; the other norms move all elements.
   */
  step(x: Float32Array, gradient: Float32Array, length: number, share?: number): Float32Array;
  /** ‖δ‖ in the norm. */
  size(delta: Float32Array): number;
  /** ‖point − centre‖ in the norm. */
  distance(point: Float32Array): number;
  /** What a PGD step receives about the ball. */
  readonly rows: Readonly<Record<string, Float32Array>>;
}

/**
 * @param centre the clean image, in [0, 1]: clipping to [0, 1] then never leaves the ball again.
 * @param shape of the image: a patch needs it.
 */
export function ballAround({ norm, epsilon }: ThreatModel, centre: Float32Array, shape?: Shape): Ball {
  if (norm !== "patch") return BALLS[norm](centre, epsilon);
  if (shape === undefined) throw new RangeError("a ball of patches needs the shape of the image");
  return patchBall(centre, epsilon, shape);
}

const BALLS: Readonly<Record<BallNorm, (centre: Float32Array, epsilon: number) => Ball>> = {
  linf: cube,
  l2: sphere,
  l1: crossPolytope,
};

function cube(centre: Float32Array, epsilon: number): Ball {
  const project = (point: Float32Array): Float32Array => {
    for (let i = 0; i < point.length; i++) {
      const c = centre[i]!;
      point[i] = Math.min(Math.max(point[i]!, c - epsilon, 0), c + epsilon, 1);
    }
    return point;
  };
  let rows: Ball["rows"] | undefined;
  return {
    project,
    sample: (source) =>
      project(added(centre, source.fillUniform(new Float32Array(centre.length), -epsilon, epsilon))),
    edge(source) {
      const direction = source.fillUniform(new Float32Array(centre.length), -1, 1);
      const scale = epsilon / Math.max(greatestOf(direction), 1e-12);
      return project(centre.map((c, i) => c + scale * direction[i]!));
    },
    size: greatestOf,
    step: (x, gradient, length) => x.map((value, i) => value + length * Math.sign(gradient[i]!)),
    distance: (point) => linfDistance(point, centre, 0, centre.length),
    get rows() {
      return (rows ??= {
        [STEP.lower]: centre.map((c) => Math.max(c - epsilon, 0)),
        [STEP.upper]: centre.map((c) => Math.min(c + epsilon, 1)),
      });
    },
  };
}

function sphere(centre: Float32Array, epsilon: number): Ball {
  const distance = (point: Float32Array): number => l2Distance(point, centre, 0, centre.length);
  const project = (point: Float32Array): Float32Array => {
    const far = distance(point);
    const factor = far > epsilon ? epsilon / far : 1;
    for (let i = 0; i < point.length; i++) {
      const moved = factor === 1 ? point[i]! : centre[i]! + (point[i]! - centre[i]!) * factor;
      point[i] = Math.min(Math.max(moved, 0), 1);
    }
    return point;
  };
  return {
    project,
    sample(source) {
      const noise = source.fillNormal(new Float32Array(centre.length), 1);
      const scale = (epsilon * source.uniform()) / Math.max(lengthOf(noise), 1e-12);
      for (let i = 0; i < noise.length; i++) noise[i] = noise[i]! * scale;
      return project(added(centre, noise));
    },
    edge(source) {
      const direction = source.fillNormal(new Float32Array(centre.length), 1);
      const scale = epsilon / Math.max(lengthOf(direction), 1e-12);
      return project(centre.map((c, i) => c + scale * direction[i]!));
    },
    step(x, gradient, length) {
      // Scaled to a length of about 1 before squaring, whatever the gradient's magnitude.
      const peak = greatestOf(gradient) || 1;
      const scale = length / Math.max(lengthOf(gradient.map((value) => value / peak)), 1e-12) / peak;
      return x.map((value, i) => value + scale * gradient[i]!);
    },
    size: lengthOf,
    distance,
    rows: { [STEP.original]: centre, [STEP.epsilon]: Float32Array.of(epsilon) },
  };
}

function greatestOf(values: Float32Array): number {
  let greatest = 0;
  for (const value of values) greatest = Math.max(greatest, Math.abs(value));
  return greatest;
}

function lengthOf(values: Float32Array): number {
  let squared = 0;
  for (const value of values) squared += value * value;
  return Math.sqrt(squared);
}

function added(a: Float32Array, b: Float32Array): Float32Array {
  for (let i = 0; i < b.length; i++) b[i] = a[i]! + b[i]!;
  return b;
}
