/** What a defence adds to a network; plain data. */
export interface ModelDefence {
  /** A denoising block after each group. */
  readonly denoising?: Denoising | undefined;
  /** Added to the image, in training and at test. */
  readonly inputNoise?: NoiseSpec | undefined;
  /** Added to the first activation, in training and at test. */
  readonly activationNoise?: NoiseSpec | undefined;
  /** A random resize, then a random position in a frame of zeros. */
  readonly randomResize?: RandomResize | undefined;
}

/** The filter of feature denoising (Xie et al. 2019, arXiv:1812.03411, §4). */
export interface Denoising {
  readonly filter: "embedded-gaussian" | "gaussian" | "dot-product" | "mean" | "median";
}

/** Independent noise of mean 0 for every element. */
export interface NoiseSpec {
  /** `normal`: scale is the standard deviation; `uniform`: in [−scale, scale). */
  readonly distribution: "normal" | "uniform";
  readonly scale: number;
}

/** Random resizing and padding (Xie et al. 2018, arXiv:1711.01991). */
export interface RandomResize {
  /** Bounds of the random side length as multiples of the image's; the frame has the largest. */
  readonly smallest: number;
  readonly largest: number;
  /** `test`: training uses unchanged images. */
  readonly when: "test" | "always";
}
