import type { RandomGenerator, RandomStream } from "../tensor/index.js";
import type { Asking } from "./asking.js";
import type { Ball } from "./ball.js";
import type { Card, Cost } from "./cards/index.js";
import { resolveOptions, type OptionRows, type OptionsOf, type OptionValue } from "./cards/index.js";
import { checkThreat, type ThreatModel } from "./threat.js";
import { UsageError } from "../errors/index.js";

/** Images under attack. */
export interface AttackBatch {
  /** Clean images, `[N, C, H, W]` in [0, 1]. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** Target classes, if the attack is targeted. */
  readonly targets?: Int32Array;
  /** Positions of the images in their dataset. They address the random draws. */
  readonly indices: Uint32Array;
  readonly size: number;
}

/** Randomness and cancellation for anything that runs long. */
export interface RunContext {
  readonly random: RandomGenerator;
  readonly signal?: AbortSignal | undefined;
}

/** One image under attack, as an attack sees it. */
export interface Subject {
  /** The clean image, `[C, H, W]` in [0, 1]. */
  readonly image: Float32Array;
  /** `[C, H, W]` */
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly label: number;
  /** The target class, if the attack is targeted. */
  readonly target: number | undefined;
  readonly threat: ThreatModel;
  readonly ball: Ball;
  /** Logits of the clean image, `[K]`. */
  readonly cleanLogits: Float32Array;
  /** Whether the model is randomised: a single output then says little. */
  readonly randomised: boolean;
  /** Random draws for this image, the same whatever its batch. */
  readonly stream: (name: string, which?: number) => RandomStream;
}

/** An attack: its card, and how it finds a candidate. The harness projects, scores and counts. */
export interface Attack<Rows extends OptionRows = OptionRows> extends Card<Rows> {
  /** Finds a candidate by asking the model. It does not report success itself. */
  readonly run: (subject: Subject, options: OptionsOf<Rows>) => Asking<Float32Array>;
}

export function defineAttack<Rows extends OptionRows>(
  card: Card<Rows>,
  run: Attack<Rows>["run"],
): Attack<Rows> {
  return Object.freeze({ ...card, run });
}

/** An attack whose options the compiler does not know. */
export type AnyAttack = Attack<never>;

/** An attack with its threat and every option, as data. */
export interface PlannedAttack {
  readonly attack: AnyAttack;
  readonly threat: ThreatModel;
  /** Every option, in the order of the attack's rows. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** An attack's options as a caller gives them; all are optional. */
export type GivenOptions<Rows extends OptionRows> = {
  readonly [Name in keyof Rows]?: OptionsOf<Rows>[Name] | undefined;
};

/**
 * @throws UsageError on a threat or an option that the attack does not have.
 * @example
 * ```ts
 * import { ATTACKS, planAttack } from "holdfast";
 *
 * const planned = planAttack(ATTACKS.apgd, { norm: "l2", epsilon: 0.5 }, { steps: 100, restarts: 2 });
 * console.log(planned.options);
 * ```
 */
export function planAttack<Rows extends OptionRows>(
  attack: Attack<Rows>,
  threat: ThreatModel,
  given: GivenOptions<Rows> = {},
): PlannedAttack {
  const place = `attack ${attack.name}`;
  if (!attack.norms.includes(threat.norm)) {
    throw new UsageError({
      place,
      problem: `does not support the norm ${threat.norm}`,
      remedy: `Use one of: ${attack.norms.join(", ")}.`,
    });
  }
  checkThreat(threat);
  const options = resolveOptions(place, attack.options, threat, given);
  return { attack: attack as unknown as AnyAttack, threat, options };
}

/** The most that a planned attack spends on one image. */
export function costOf({ attack, options }: PlannedAttack): Cost {
  return attack.cost(options as never);
}
