/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"). A draw is a pure function of (seed, stream, counters,
 * position), so any of them can be made again, in any order, on any worker.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** High and low words of a 32 × 32-bit product. */
function highWord(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** One Philox block: four 32-bit words from a 128-bit counter and a 64-bit key. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = highWord(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = highWord(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/** FNV-1a, 32 bits, over UTF-16 code units. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}

/** A sequence of draws at one address (seed, stream, counters). Reading it advances it. */
export interface RandomStream {
  /** Next 32 random bits. */
  uint32(): number;
  /** Uniform in [0, 1), 2⁻³² apart. */
  uniform(): number;
  /** Uniform integer in [0, bound), without modulo bias. */
  integer(bound: number): number;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** A uniform permutation of 0 … length − 1 (Fisher–Yates). */
  permutation(length: number): Uint32Array;
  /** Fills with uniforms in [low, high). */
  fillUniform(out: Float32Array, low: number, high: number): Float32Array;
  /** Fills with normals of the given standard deviation. */
  fillNormal(out: Float32Array, standardDeviation: number): Float32Array;
}

/** The root of all randomness of one run. */
export interface RandomGenerator {
  readonly seed: number;
  /**
   * The stream called `name` at up to two counters (for example step and image index).
   * Equal arguments give equal draws.
   */
  stream(name: string, first?: number, second?: number): RandomStream;
}

/** @throws RangeError unless `seed` is an integer in [0, 2³²). */
export function createGenerator(seed: number): RandomGenerator {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`seed must be an integer in [0, 2^32), found ${seed}`);
  }
  return {
    seed,
    stream: (name, first = 0, second = 0) => createStream([seed, hashName(name)], first, second),
  };
}

function createStream(key: readonly [number, number], first: number, second: number): RandomStream {
  const block = new Uint32Array(4);
  let blockIndex = 0;
  let position = 4;

  const uint32 = (): number => {
    if (position === 4) {
      // The low counter words count blocks; the two addresses fill the high words.
      philox4x32([blockIndex >>> 0, Math.floor(blockIndex / 2 ** 32), first >>> 0, second >>> 0], key, block);
      blockIndex++;
      position = 0;
    }
    return block[position++]!;
  };
  const uniform = (): number => uint32() * 2 ** -32;
  const integer = (bound: number): number => {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const word = uint32();
      if (word < limit) return word % bound;
    }
  };
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return {
    uint32,
    uniform,
    integer,
    normal,
    permutation(length) {
      const order = Uint32Array.from({ length }, (_, i) => i);
      for (let i = length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const held = order[i]!;
        order[i] = order[j]!;
        order[j] = held;
      }
      return order;
    },
    fillUniform(out, low, high) {
      for (let i = 0; i < out.length; i++) out[i] = low + (high - low) * uniform();
      return out;
    },
    fillNormal(out, standardDeviation) {
      for (let i = 0; i < out.length; i++) out[i] = standardDeviation * normal();
      return out;
    },
  };
}
