/** Learning-rate schedules: pure functions of the step, so that any step can be resumed. */
export type Schedule =
  | { readonly kind: "constant" }
  /** × factor at each of the given fractions of all steps. */
  | { readonly kind: "step"; readonly milestones: readonly number[]; readonly factor: number }
  /** Half a cosine from 1 to 0 (Loshchilov & Hutter 2017, eq. 5, one cycle). */
  | { readonly kind: "cosine" }
  /** torch's OneCycleLR: cosine up to the peak, cosine down to peak / divide / finalDivide. */
  | {
      readonly kind: "one-cycle";
      readonly warmup: number;
      readonly divide: number;
      readonly finalDivide: number;
    };

/** Defaults by name. */
export const SCHEDULES: Readonly<Record<Schedule["kind"], Schedule>> = Object.freeze({
  constant: { kind: "constant" },
  step: { kind: "step", milestones: [0.5, 0.75], factor: 0.1 },
  cosine: { kind: "cosine" },
  "one-cycle": { kind: "one-cycle", warmup: 0.3, divide: 25, finalDivide: 1e4 },
});

const cosineBetween = (from: number, to: number, at: number): number =>
  to + ((from - to) / 2) * (1 + Math.cos(Math.PI * at));

/** Factor of the peak learning rate at `step` of `total` (0-based). */
export function scheduleFactor(schedule: Schedule, step: number, total: number): number {
  switch (schedule.kind) {
    case "constant":
      return 1;
    case "step":
      return schedule.factor ** schedule.milestones.filter((milestone) => step >= milestone * total).length;
    case "cosine":
      return cosineBetween(1, 0, step / total);
    case "one-cycle": {
      const top = schedule.warmup * total - 1;
      const start = 1 / schedule.divide;
      // A warm-up of one step is the peak itself, where PyTorch divides by zero.
      if (step === top) return 1;
      if (step < top) return cosineBetween(start, 1, step / top);
      return cosineBetween(1, start / schedule.finalDivide, (step - top) / (total - 1 - top));
    }
  }
}

/** Linear from 0 (exclusive) to 1 over the first `steps` steps. */
export function linearWarmup(step: number, steps: number): number {
  return steps <= 0 ? 1 : Math.min(1, (step + 1) / steps);
}
