/** Where a counterexample is looked for: which cases, from which starts, how long. */
import {
  boxAround,
  boxThreat,
  climb,
  pack,
  type Asking,
  type Ball,
  type ClimbOptions,
  type Job,
} from "../attacks/index.js";
import type { RandomGenerator, RandomStream } from "../tensor/index.js";
import type { Case, OutputBound, Property } from "./cases.js";
import { violationOf, type Asker } from "./questions.js";

/** An input of a case's box for which the file itself gives outputs that keep the case's bounds. */
export interface Counterexample {
  readonly inputs: Float32Array;
  readonly outputs: Float32Array;
}

/** What was done so far, whenever the search ends. */
export interface Tally {
  forwardQueries: number;
  gradientQueries: number;
  climbs: number;
  /** The least violation that was seen. */
  nearest: number;
}

/** Steps of the climbs of each round; the last for all later ones. */
const STEPS = [30, 50, 100, 100, 200] as const;
/** Climbs of a round after the first, at least. */
const CLIMBS = 16;
/** After the first round so many of the cases are gone on with, the nearest; every fourth round takes all. */
const KEPT = [1, 1 / 2, 1 / 4] as const;
const ALL_EVERY = 4;
/** Steps that lead a start elsewhere, each a whole half width long. */
const WANDERS = 5;
/** Tries to get over what the file's own session computes otherwise. */
const AGAIN = 4;
const RHO = 0.75;

/** A case with what the search knows of it. */
interface Lead {
  readonly case: Case;
  readonly place: number;
  nearest: number;
  /** Climbs that were begun. */
  starts: number;
}

/**
 * Searches until it finds: a counterexample in the middle of each box first, then by climbs of APGD towards each case from
 * its middle, and in rounds without end from random points, corners, and points to which a random direction of the outputs
 * led (Tashiro et al. 2020, arXiv:2003.06878). What is found is a pure function of the seed.
 *
 * @returns undefined only where every box is a single point.
 * @throws what the asker throws, to end it.
 */
export async function search(
  { bounds, cases }: Property,
  asker: Asker,
  random: RandomGenerator,
  tally: Tally,
): Promise<Counterexample | undefined> {
  const leads = cases.map((each, place): Lead => ({ case: each, place, nearest: Infinity, starts: 0 }));
  const run = async (
    some: readonly Lead[],
    walk: (lead: Lead, which: number) => Asking<Reached>,
  ): Promise<Counterexample | undefined> => {
    const jobs = some.map((lead, place): Job<Reached> => {
      const which = lead.starts++;
      return { place, index: lead.place, start: () => walk(lead, which) };
    });
    for await (const { place, value, forwardQueries, gradientQueries } of pack(asker, jobs)) {
      const lead = some[place]!;
      lead.nearest = Math.min(lead.nearest, value.violation);
      tally.nearest = Math.min(tally.nearest, value.violation);
      tally.forwardQueries += forwardQueries;
      tally.gradientQueries += gradientQueries;
      if (value.counterexample !== undefined) return value.counterexample;
    }
    return undefined;
  };
  const inTheMiddle = await run(leads, (lead) => look(lead, bounds, asker));
  if (inTheMiddle !== undefined) return inTheMiddle;
  const movable = leads.filter(({ case: each }) => hasWidth(each));
  if (movable.length === 0) return undefined;
  for (const lead of movable) lead.starts = 0;
  for (let round = 0; ; round++) {
    const steps = STEPS[Math.min(round, STEPS.length - 1)]!;
    const chosen = chosenOf(movable, round);
    tally.climbs += chosen.length;
    const found = await run(chosen, (lead, which) => attempt({ lead, which, bounds, asker, random, steps }));
    if (found !== undefined) return found;
  }
}

function hasWidth(one: Case): boolean {
  const { lower, upper } = one.box();
  return lower.some((least, i) => least < upper[i]!);
}

/** The cases of a round, the nearest first, each as often as it takes to fill a round. */
function chosenOf(leads: readonly Lead[], round: number): readonly Lead[] {
  const ranked = leads.toSorted((a, b) => a.nearest - b.nearest || a.place - b.place);
  const isWhole = round === 0 || round % ALL_EVERY === 0;
  const share = isWhole ? 1 : KEPT[Math.min(round, KEPT.length) - 1]!;
  const kept = ranked.slice(0, Math.ceil(ranked.length * share));
  if (isWhole) return kept;
  const times = Math.ceil(CLIMBS / kept.length);
  return kept.flatMap((lead) => Array.from({ length: times }, () => lead));
}

/** What a walk came to. */
interface Reached {
  readonly violation: number;
  readonly counterexample: Counterexample | undefined;
}

/** The middle of a box, by the file itself. */
function* look({ case: each }: Lead, all: readonly OutputBound[], asker: Asker): Asking<Reached> {
  const { lower, upper } = each.box();
  const inputs = middleOf(lower, upper);
  const outputs = yield* asker.file(inputs);
  const violation = violationOf(
    each.bounds.map((m) => all[m]!),
    outputs,
  );
  return { violation, counterexample: violation <= 0 ? { inputs, outputs } : undefined };
}

interface Attempt {
  readonly lead: Lead;
  /** Number of the climb among those of its case. */
  readonly which: number;
  readonly bounds: readonly OutputBound[];
  readonly asker: Asker;
  readonly random: RandomGenerator;
  readonly steps: number;
}

/** One climb; where the file's own session does not confirm what it reached, it goes on to what is further inside. */
function* attempt({ lead, which, bounds: all, asker, random, steps }: Attempt): Asking<Reached> {
  const bounds = lead.case.bounds.map((m) => all[m]!);
  const { lower, upper } = lead.case.box();
  const subject = { ball: boxAround(lower, upper), threat: boxThreat, randomised: false };
  const options: ClimbOptions = { steps, rho: RHO, loss: "margin" };
  const lossAt = asker.nearness(lead.case.bounds);
  const source = random.stream("falsify-start", lead.place, which);
  let start = yield* startOf(which, subject.ball, middleOf(lower, upper), asker, source);
  let wanted = 0;
  let nearest = Infinity;
  for (let i = 0; i <= AGAIN; i++) {
    const best = createNearest(bounds, wanted);
    yield* climb(
      subject,
      // Climbs know logits; here they are the outputs.
      function* (x) {
        const { loss, gradient, outputs } = yield* lossAt(x);
        return { loss, gradient, logits: outputs };
      },
      options,
      start,
      best,
    );
    nearest = Math.min(nearest, best.violation);
    if (!best.succeeded) break;
    const outputs = yield* asker.file(best.point!);
    const said = violationOf(bounds, outputs);
    if (said <= 0) return { violation: said, counterexample: { inputs: best.point!, outputs } };
    wanted = best.violation - 2 * Math.min(said, 1) - Number.EPSILON;
    start = best.point!;
  }
  return { violation: nearest, counterexample: undefined };
}

/** 0: the middle; then a random point, a corner, and two points where random outputs led, in turn. */
function* startOf(
  which: number,
  ball: Ball,
  middle: Float32Array,
  asker: Asker,
  source: RandomStream,
): Asking<Float32Array> {
  if (which === 0) return middle;
  const kind = (which - 1) % 4;
  if (kind === 0) return ball.edge(source);
  if (kind === 1)
    return ball.project(ball.step(middle, source.fillUniform(new Float32Array(middle.length), -1, 1), 1));
  let x = ball.sample(source);
  const direction = source.fillUniform(new Float32Array(asker.outputs), -1, 1);
  const leads = asker.along(direction);
  for (let i = 0; i < WANDERS; i++) x = ball.project(ball.step(x, (yield* leads(x)).gradient, 1));
  return x;
}

/** The nearest point that was offered; a success where it is as far inside as is wanted. */
function createNearest(
  bounds: readonly OutputBound[],
  wanted: number,
): {
  readonly succeeded: boolean;
  readonly violation: number;
  readonly point: Float32Array | undefined;
  offer(x: Float32Array, outputs: Float32Array): void;
} {
  let [violation, point]: [number, Float32Array | undefined] = [Infinity, undefined];
  return {
    get succeeded() {
      return violation <= wanted;
    },
    get violation() {
      return violation;
    },
    get point() {
      return point;
    },
    offer(x, outputs) {
      const found = violationOf(bounds, outputs);
      if (found < violation) [violation, point] = [found, x];
    },
  };
}

function middleOf(lower: Float32Array, upper: Float32Array): Float32Array {
  return lower.map((least, i) => Math.min(Math.max(least / 2 + upper[i]! / 2, least), upper[i]!));
}
