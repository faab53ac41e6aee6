/** Plans the search for a counterexample: which cases, from which starts, and how long. */
import {
  boxAround,
  boxThreat,
  climbSteadily,
  pack,
  type Asking,
  type Ball,
  type ClimbOptions,
  type Job,
  type LossAt,
  type Question,
} from "../attacks/index.js";
import type { RandomGenerator, RandomStream } from "../tensor/index.js";
import type { Case, OutputBound, Property } from "./cases.js";
import { violationOf, type Asker } from "./questions.js";
import { WIDE } from "./signs.js";

/** An input in a case's box for which the outputs of the file itself satisfy the case's bounds. */
export interface Counterexample {
  readonly inputs: Float32Array;
  readonly outputs: Float32Array;
}

/** The work done so far, whenever the search ends. */
export interface Tally {
  forwardQueries: number;
  gradientQueries: number;
  climbs: number;
}

/** Steps per climb in each round; the last number also applies to all later rounds. */
const STEPS = [30, 50, 100, 100, 200] as const;
/** Most cases in the first round: the nearest ones. */
const FIRST = 12;
/** Fewest climbs in a later round. */
const CLIMBS = 16;
/** Shares of the cases to continue with, the nearest ones; every fourth round takes all. */
const KEPT = [1 / 2, 1 / 4] as const;
const ALL_EVERY = 4;
/** Steps that lead a start elsewhere, each as long as half the width of the box. */
const WANDERS = 5;
/** Attempts to overcome differences from the file's own session. */
const AGAIN = 4;
const RHO = 0.75;
/** Widths of signs, used in turn by the climbs of a case. */
const WIDTHS = [0.1, WIDE, 0.03, 0.3, 0.01] as const;

/** A case with what the search knows about it. */
interface Lead {
  readonly case: Case;
  readonly place: number;
  readonly bounds: readonly OutputBound[];
  nearest: number;
  /** Number of climbs that were begun. */
  starts: number;
}

/**
 * Looks for a counterexample in the middle of each box, and then with APGD towards each case, the nearest first: from the
 * middle, and in endless rounds from random points, corners, and points reached along a random direction of the outputs
 * (Tashiro et al. 2020, arXiv:2003.06878). The result is a pure function of the seed.
 *
 * @returns undefined only if every box is a single point.
 * @throws what the asker throws, to end the search.
 */
export async function search(
  { bounds, cases }: Property,
  asker: Asker,
  random: RandomGenerator,
  tally: Tally,
): Promise<Counterexample | undefined> {
  const leads = cases.map((each, place): Lead => ({
    case: each,
    place,
    bounds: each.bounds.map((m) => bounds[m]!),
    nearest: Infinity,
    starts: 0,
  }));
  const middle = await packed(asker, tally, boxesOf(leads), (some) => look(some, asker));
  if (middle !== undefined) return middle;
  const movable = leads.filter(({ case: each }) => hasWidth(each));
  if (movable.length === 0) return undefined;
  for (let round = 0; ; round++) {
    const steps = STEPS[Math.min(round, STEPS.length - 1)]!;
    const chosen = chosenOf(movable, round).map((lead) => ({ lead, which: lead.starts++ }));
    tally.climbs += chosen.length;
    const found = await packed(asker, tally, chosen, (one) => attempt({ ...one, asker, random, steps }));
    if (found !== undefined) return found;
  }
}

/** Runs walks in parallel batches, until one finds a counterexample. */
async function packed<T>(
  asker: Asker,
  tally: Tally,
  all: readonly T[],
  walk: (one: T) => Asking<Counterexample | undefined>,
): Promise<Counterexample | undefined> {
  const jobs = all.map((one, place): Job<Counterexample | undefined> => ({
    place,
    index: place,
    start: () => walk(one),
  }));
  const onRun = ({ kind }: Question, inputs: number): void => {
    tally[`${kind}Queries`] += inputs;
  };
  for await (const { value } of pack(asker, jobs, { onRun })) if (value !== undefined) return value;
  return undefined;
}

/** Groups the cases that share the file's box; all others stay single. */
function boxesOf(leads: readonly Lead[]): readonly (readonly Lead[])[] {
  const shared = leads.filter(({ case: each }) => each.isShared);
  const own = leads.filter(({ case: each }) => !each.isShared).map((lead) => [lead]);
  return shared.length === 0 ? own : [shared, ...own];
}

function hasWidth({ box }: Case): boolean {
  const { lower, upper } = box();
  return lower.some((least, i) => least < upper[i]!);
}

/** The cases of a round, the nearest first, each as often as necessary to fill the round. */
function chosenOf(leads: readonly Lead[], round: number): readonly Lead[] {
  const ranked = leads.toSorted((a, b) => a.nearest - b.nearest || a.place - b.place);
  if (round === 0) return ranked.slice(0, FIRST);
  const share = round % ALL_EVERY === 0 ? 1 : KEPT[Math.min(round, KEPT.length) - 1]!;
  const kept = ranked.slice(0, Math.ceil(ranked.length * share));
  const times = Math.ceil(CLIMBS / kept.length);
  return kept.flatMap((lead) => Array.from({ length: times }, () => lead));
}

/** Runs the file itself on the middle of a box, and finds how near each of its cases is. */
function* look(leads: readonly Lead[], asker: Asker): Asking<Counterexample | undefined> {
  const { lower, upper } = leads[0]!.case.box();
  const inputs = middleOf(lower, upper);
  const outputs = yield* asker.file(inputs);
  if (leads.some(({ bounds }) => violationOf(bounds, outputs) <= 0)) return { inputs, outputs };
  const seen = yield* asker.nearness(leads[0]!.case.bounds, WIDE)(inputs);
  for (const lead of leads) lead.nearest = violationOf(lead.bounds, seen.outputs);
  return undefined;
}

interface Attempt {
  readonly lead: Lead;
  /** Number of this climb among those of its case. */
  readonly which: number;
  readonly asker: Asker;
  readonly random: RandomGenerator;
  readonly steps: number;
}

/** One climb. If the file's own session does not confirm the point it reached, it continues to one further inside. */
function* attempt({ lead, which, asker, random, steps }: Attempt): Asking<Counterexample | undefined> {
  const { lower, upper } = lead.case.box();
  const subject = { ball: boxAround(lower, upper), threat: boxThreat, randomised: false };
  const options: ClimbOptions = { steps, rho: RHO, loss: "margin" };
  const width = WIDTHS[which % WIDTHS.length]!;
  const nearness = asker.nearness(lead.case.bounds, width);
  const lossAt = function* (x: Float32Array): Asking<LossAt> {
    const { loss, gradient, outputs } = yield* nearness(x);
    return { loss, gradient, logits: outputs };
  };
  const source = random.stream("falsify-start", lead.place, which);
  let start = yield* startOf(which, subject.ball, middleOf(lower, upper), asker, width, source);
  let wanted = 0;
  for (let i = 0; i <= AGAIN; i++) {
    const best = createNearest(lead.bounds, wanted, start);
    yield* climbSteadily(subject, lossAt, options, start, best);
    lead.nearest = Math.min(lead.nearest, best.violation);
    if (!best.succeeded) return undefined;
    const outputs = yield* asker.file(best.point);
    const said = violationOf(lead.bounds, outputs);
    if (said <= 0) return { inputs: best.point, outputs };
    wanted = best.violation - 2 * Math.min(said, 1) - Number.EPSILON;
    start = best.point;
  }
  return undefined;
}

/** 0: the middle; then, in turn, a random point, a corner, and two points reached along random directions of the outputs. */
function* startOf(
  which: number,
  ball: Ball,
  middle: Float32Array,
  asker: Asker,
  width: number,
  source: RandomStream,
): Asking<Float32Array> {
  if (which === 0) return middle;
  const kind = (which - 1) % 4;
  if (kind === 0) return ball.edge(source);
  if (kind === 1)
    return ball.project(ball.step(middle, source.fillUniform(new Float32Array(middle.length), -1, 1), 1));
  let x = ball.sample(source);
  const direction = source.fillUniform(new Float32Array(asker.outputs), -1, 1);
  const leads = asker.along(direction, width);
  for (let i = 0; i < WANDERS; i++) x = ball.project(ball.step(x, (yield* leads(x)).gradient, 1));
  return x;
}

interface Nearest {
  readonly succeeded: boolean;
  readonly violation: number;
  readonly point: Float32Array;
  offer(x: Float32Array, outputs: Float32Array): void;
}

/** Keeps the nearest point offered; a success if it is as far inside as required. */
function createNearest(bounds: readonly OutputBound[], wanted: number, start: Float32Array): Nearest {
  let [violation, point] = [Infinity, start];
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
