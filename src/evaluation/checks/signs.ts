import {
  logitsOf,
  marginOf,
  pack,
  watchImages,
  type AttackedImage,
  type Asking,
  type Done,
  type Job,
  type PlannedAttack,
  type ThreatModel,
  type Walk,
  type Watched,
} from "../../attacks/index.js";
import { readBatch } from "../batches.js";
import type { FailureSigns } from "../result/index.js";
import type { Run } from "../run.js";
import { parametersOf } from "../measurement.js";
import { FORWARD } from "../plan.js";
import { NEIGHBOURS, type PlannedSigns } from "./plan-checks.js";
import { spread } from "./spread.js";

/** Share of an image's gradients that may be silent. */
const SILENT = 0.1;
/** The last steps of a run, and the share of its whole rise that the loss may still make in them. */
const LAST = 10;
const RISE = 0.05;
/** Largest noise around an image, for pixels in [0, 1]. */
const NOISE = 4 / 255;

/**
 * Watches the attack on a sample of the survivors, and looks for the six signs that the attack itself failed
 * (Pintor et al. 2022, arXiv:2106.09947).
 *
 * @param standing places of the survivors, ascending.
 */
export async function lookForSigns(
  run: Run,
  model: string,
  { planned, unbounded, images }: PlannedSigns,
  standing: readonly number[],
): Promise<FailureSigns> {
  const started = run.now();
  const target = run.targets.get(model)!;
  const batch = await readBatch(run.dataset, Uint32Array.from(spread(standing, images)), target.imageSize);
  const looked = Array.from(batch.indices, (index, i) => ({
    image: batch.images.subarray(i * target.imageSize, (i + 1) * target.imageSize),
    label: batch.labels[i]!,
    index,
  }));
  const walks = await watched(run, model, planned, looked);
  const free = await watched(run, model, unbounded, looked);
  const near = await neighbourhoods(run, model, looked, planned.threat);
  const all: readonly Done<unknown>[] = [...walks, ...free, ...near];
  const count = (of: (walk: Walk) => boolean): number => walks.filter(({ value }) => of(value.walk)).length;
  const sum = (of: (near: Steadiness) => number): number => near.reduce((s, { value }) => s + of(value), 0);
  return {
    attack: planned.attack.name,
    parameters: parametersOf(planned.options, false),
    images: looked.length,
    noGradient: count(({ silent, leads }) => silent > 0 && silent >= SILENT * leads.length),
    instability: finite(sum(({ change }) => change) / sum(({ margin }) => margin)),
    lost: count(({ success }) => success === "lost"),
    rising: walks.filter(({ value }) => !value.verdict.success && isRising(value.walk.leads)).length,
    refuted: count(({ success }) => success === "refuted"),
    unbounded: free.filter(({ value }) => !value.verdict.success).length,
    queries: {
      forward: all.reduce((s, { forwardQueries }) => s + forwardQueries, 0),
      gradient: all.reduce((s, { gradientQueries }) => s + gradientQueries, 0),
    },
    seconds: (run.now() - started) / 1000,
  };
}

/** NaN has its own gate; a margin of 0 that noise moves counts as entirely unstable. */
function finite(ratio: number): number {
  return Number.isNaN(ratio) ? 0 : Math.min(ratio, Number.MAX_VALUE);
}

/**
 * Whether the last ten steps (in a shorter run, its second half) made more than a twentieth of the whole rise of the best
 * lead.
 */
export function isRising(leads: readonly number[]): boolean {
  if (leads.length < 2) return false;
  const best = leads.map((_, k) => Math.max(...leads.slice(0, k + 1)));
  const least = Math.min(...leads);
  const way = best.at(-1)! - least;
  const before = best[best.length - 1 - Math.min(LAST, Math.ceil(leads.length / 2))] ?? least;
  return way > 0 && best.at(-1)! - before > RISE * way;
}

async function watched(
  run: Run,
  model: string,
  planned: PlannedAttack,
  images: readonly AttackedImage[],
): Promise<Done<Watched>[]> {
  const found: Done<Watched>[] = [];
  const { random, signal } = run;
  const options = { random, signal, onRun: workAt(run, model) };
  for await (const done of watchImages(run.targets.get(model)!, planned, images, options)) {
    found[done.place] = done;
  }
  return found;
}

function workAt(run: Run, model: string): (question: { readonly kind: string }, images: number) => void {
  return ({ kind }, images) =>
    run.onWork(`${model}, check: signs of failure`, kind === "gradient" ? images : images * FORWARD);
}

interface Steadiness {
  /** |m(x)|, and the mean of |m(x + u) − m(x)|. */
  readonly margin: number;
  readonly change: number;
}

/** How far the margin m = z_y − max_{k≠y} z_k of each image moves under uniform noise much smaller than the ball. */
async function neighbourhoods(
  run: Run,
  model: string,
  images: readonly AttackedImage[],
  { norm, epsilon }: ThreatModel,
): Promise<Done<Steadiness>[]> {
  const target = run.targets.get(model)!;
  // A patch changes its pixels without limit, so its ε is not a distance.
  const least = norm === "patch" ? 1 : norm === "linf" ? epsilon : epsilon / Math.sqrt(target.imageSize);
  const width = Math.min(NOISE, least / 2);
  function* look({ image, label, index }: AttackedImage): Asking<Steadiness> {
    const marginAt = function* (x: Float32Array): Asking<number> {
      const logits = yield* logitsOf(x);
      return -marginOf(logits, 0, logits.length, label);
    };
    const source = run.random.stream("check-neighbours", index);
    const own = yield* marginAt(image);
    let change = 0;
    for (let k = 0; k < NEIGHBOURS; k++) {
      const noise = source.fillUniform(new Float32Array(image.length), -width, width);
      const at = yield* marginAt(image.map((x, i) => Math.min(1, Math.max(0, x + noise[i]!))));
      change += Math.abs(at - own) / NEIGHBOURS;
      // Subtract what other draws of a randomised model change by themselves.
      if (target.randomised) change -= Math.abs((yield* marginAt(image)) - own) / NEIGHBOURS;
    }
    return { margin: Math.abs(own), change: Math.max(0, change) };
  }
  const jobs = images.map((each, place): Job<Steadiness> => ({
    place,
    index: each.index,
    start: () => look(each),
  }));
  const found: Done<Steadiness>[] = [];
  const options = { signal: run.signal, onRun: workAt(run, model) };
  for await (const done of pack(target, jobs, options)) found[done.place] = done;
  return found;
}
