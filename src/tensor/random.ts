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
const M0_LOW = MULTIPLIER_0 & 0xffff;
const M0_HIGH = MULTIPLIER_0 >>> 16;
const M1_LOW = MULTIPLIER_1 & 0xffff;
const M1_HIGH = MULTIPLIER_1 >>> 16;
/** Words made at a time when an array is filled. */
const CHUNK_WORDS = 1024;

/**
 * Writes `blocks` consecutive Philox blocks, four words each, from `out[0]` on. The counter's low
 * word starts at `c0Start` and must not wrap within the call.
 *
 * The high word of each 32 × 32-bit product is put together from 16-bit halves with `Math.imul`, so
 * that every value stays a machine integer; written out because this is what fills perturbations.
 */
function writeBlocks(
  out: Uint32Array,
  blocks: number,
  c0Start: number,
  c1Start: number,
  c2Start: number,
  c3Start: number,
  key0: number,
  key1: number,
): void {
  for (let block = 0; block < blocks; block++) {
    let c0 = (c0Start + block) | 0;
    let c1 = c1Start | 0;
    let c2 = c2Start | 0;
    let c3 = c3Start | 0;
    let k0 = key0 | 0;
    let k1 = key1 | 0;
    for (let round = 0; round < ROUNDS; round++) {
      const a0 = c0 & 0xffff;
      const b0 = c0 >>> 16;
      const t0 = (Math.imul(b0, M0_LOW) + (Math.imul(a0, M0_LOW) >>> 16)) | 0;
      const u0 = (Math.imul(a0, M0_HIGH) + (t0 & 0xffff)) | 0;
      const high0 = (Math.imul(b0, M0_HIGH) + (t0 >>> 16) + (u0 >>> 16)) | 0;
      const low0 = Math.imul(c0, MULTIPLIER_0);
      const a2 = c2 & 0xffff;
      const b2 = c2 >>> 16;
      const t2 = (Math.imul(b2, M1_LOW) + (Math.imul(a2, M1_LOW) >>> 16)) | 0;
      const u2 = (Math.imul(a2, M1_HIGH) + (t2 & 0xffff)) | 0;
      const high1 = (Math.imul(b2, M1_HIGH) + (t2 >>> 16) + (u2 >>> 16)) | 0;
      const low1 = Math.imul(c2, MULTIPLIER_1);
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = (k0 + WEYL_0) | 0;
      k1 = (k1 + WEYL_1) | 0;
    }
    const at = block * 4;
    out[at] = c0;
    out[at + 1] = c1;
    out[at + 2] = c2;
    out[at + 3] = c3;
  }
}

/** One Philox block: four 32-bit words from a 128-bit counter and a 64-bit key. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  writeBlocks(out, 1, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
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
  /** Fills with uniforms in [low, high), rounded to float32 (which may round up to `high`). */
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

/** Box and Muller's radius and angle, from a word of 32 bits each. */
const radiusOf = (word: number): number => Math.sqrt(-2 * Math.log(1 - word * 2 ** -32));
const ANGLE = 2 * Math.PI * 2 ** -32;

function createStream(key: readonly [number, number], first: number, second: number): RandomStream {
  const block = new Uint32Array(4);
  let blockIndex = 0;
  let position = 4;

  // The low counter words count blocks; the two addresses fill the high words.
  const nextBlocks = (out: Uint32Array, count: number): void => {
    const carry = Math.floor(blockIndex / 2 ** 32);
    writeBlocks(out, count, blockIndex >>> 0, carry, first >>> 0, second >>> 0, key[0], key[1]);
    blockIndex += count;
  };
  /** As many whole chunks as fit into `length`; each is overwritten by the next. */
  function* chunks(length: number): Generator<Uint32Array> {
    if (length < CHUNK_WORDS) return;
    const words = new Uint32Array(CHUNK_WORDS);
    for (let left = length; left >= CHUNK_WORDS; left -= CHUNK_WORDS) {
      nextBlocks(words, CHUNK_WORDS / 4);
      yield words;
    }
  }
  const uint32 = (): number => {
    if (position === 4) {
      nextBlocks(block, 1);
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
    const radius = radiusOf(uint32());
    const angle = ANGLE * uint32();
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
      const scale = (high - low) * 2 ** -32;
      let i = 0;
      while (position < 4 && i < out.length) out[i++] = low + scale * uint32();
      for (const words of chunks(out.length - i)) {
        for (let j = 0; j < CHUNK_WORDS; j++) out[i + j] = low + scale * words[j]!;
        i += CHUNK_WORDS;
      }
      while (i < out.length) out[i++] = low + scale * uint32();
      return out;
    },
    fillNormal(out, standardDeviation) {
      let i = 0;
      while ((position < 4 || spare !== undefined) && i < out.length) out[i++] = standardDeviation * normal();
      for (const words of chunks(out.length - i)) {
        for (let j = 0; j < CHUNK_WORDS; j += 2) {
          const radius = radiusOf(words[j]!);
          const angle = ANGLE * words[j + 1]!;
          out[i + j] = standardDeviation * (radius * Math.cos(angle));
          out[i + j + 1] = standardDeviation * (radius * Math.sin(angle));
        }
        i += CHUNK_WORDS;
      }
      while (i < out.length) out[i++] = standardDeviation * normal();
      return out;
    },
  };
}
