import type { Command } from "commander";
import type { PgdObjective } from "../attacks/index.js";
import { count, formatEpsilon, fractions, oneOf, positive } from "./values.js";

/** How images are attacked. */
export interface AttackOptions {
  readonly norm: "linf" | "l2";
  readonly epsilon?: number[];
  readonly steps: number;
  readonly stepSize?: number;
  readonly restarts: number;
  readonly randomStart: boolean;
  readonly draws: number;
  readonly objective: PgdObjective;
  readonly batchSize: number;
}

export function attackOptions(command: Command, epsilon: string): Command {
  return command
    .addOption(oneOf("--norm <name>", "norm of the perturbation", ["linf", "l2"]).default("linf"))
    .option("--epsilon <list>", epsilon, fractions)
    .option("--steps <n>", "PGD steps", count, 40)
    .option("--step-size <x>", "in pixels of [0, 1] (default: 2.5 ε / steps)", positive)
    .option("--restarts <n>", "independent starts, of which the best counts", count, 1)
    .option("--no-random-start", "start at the image itself")
    .option("--draws <n>", "gradients averaged a step where the model draws at random (EOT)", count, 1)
    .addOption(
      oneOf(
        "--objective <name>",
        "loss that is raised; the scaled one is the same at any scale of the logits",
        ["scaled-cross-entropy", "cross-entropy"],
      ).default("scaled-cross-entropy"),
    )
    .option("--batch-size <n>", "images attacked at a time", count, 100)
    .hook("preAction", () => {
      const options = command.opts<AttackOptions>();
      return checkLengths(options.norm, options);
    });
}

/** Refuses impossible radii and steps before a model or an image is read. */
export async function checkLengths(
  norm: "linf" | "l2",
  { epsilon = [], stepSize }: { readonly epsilon?: number | readonly number[]; readonly stepSize?: number },
): Promise<void> {
  const { checkLength } = await import("../attacks/index.js");
  for (const each of [epsilon].flat()) checkLength("--epsilon", norm, each);
  if (stepSize !== undefined) checkLength("--step-size", norm, stepSize);
}

/** `PGD-40, L∞, ε 0.3, steps of 0.01875, 1 start, random` */
export function describeAttack(options: AttackOptions, epsilons: readonly number[], name = "PGD"): string {
  const { norm, steps, stepSize, restarts, randomStart, draws } = options;
  const size = stepSize === undefined ? "2.5 ε / steps" : formatEpsilon(stepSize);
  return (
    `${name}-${steps}, ${norm === "linf" ? "L∞" : "L2"}, ε ${epsilons.map(formatEpsilon).join(", ")}, ` +
    `steps of ${size}, ${restarts} ${restarts === 1 ? "start" : "starts"}, ${randomStart ? "random" : "at the image"}` +
    (draws === 1 ? "" : `, ${draws} draws a step where the model draws at random`)
  );
}
