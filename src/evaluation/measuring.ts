import type { PlannedAttack, Target } from "../attacks/index.js";
import type { Outcome } from "./attack-dataset.js";
import { attackStage } from "./attack-stage.js";
import type { KeptOutcome } from "./kept.js";
import { ownMeasurement, transferMeasurement } from "./measurement.js";
import { headlineIn, isAtHeadline, workOf, type PlannedMeasurement } from "./plan.js";
import { added, asItIs, withoutImage, wrongWhenClean } from "./outcomes.js";
import type { Measurement, PerAttackedImage } from "./result/index.js";
import type { Run } from "./run.js";
import { createTally, type StageTally } from "./tally.js";
import { openTransfers, type Transfers } from "./transfer.js";

/**
 * One attack or suite on one model, scored on it and, for transfer, on the others. It can be interrupted between batches and
 * resumed.
 */
export class Measuring {
  readonly isHeadline: boolean;
  readonly #name: string;
  /** Its own attacks, and those that follow if there is time. */
  readonly #stages: PlannedAttack[];
  /** Number of its own attacks. */
  readonly #own: number;
  readonly #transfers: Transfers | undefined;
  readonly #tally = createTally();
  readonly #reports: Writable<StageTally>[] = [];
  /** Outcomes of the earlier attacks on the survivors. */
  readonly #before = new Map<number, Outcome>();
  readonly #settled = new Set<number>();
  /** The current attack, the images it still has to run on, and those that survived it. */
  #at = 0;
  #todo: readonly number[] = [];
  #passed: number[] = [];
  /** Work left in the current attack, in gradients. */
  #workLeft = 0;
  #isOpen = false;

  constructor(
    readonly run: Run,
    readonly model: string,
    readonly given: PlannedMeasurement,
  ) {
    const { plan, targets, planned } = run;
    const mine = planned.get(model)!;
    this.#name = `${model}/${mine.indexOf(given)}`;
    this.#stages = [...stagesFor(given, targets.get(model)!)];
    this.#own = this.#stages.length;
    this.isHeadline = isAtHeadline(given, plan);
    const isFirst = given === headlineIn(mine, plan);
    this.#isShown = (place) => isFirst && run.shown.includes(place);
    const others = scoredOn(run, model, given);
    this.#transfers = others.length === 0 ? undefined : openTransfers(run, others);
  }

  readonly #isShown: (place: number) => boolean;

  /** Whether all of its own attacks are done. */
  get isDone(): boolean {
    return this.#at >= this.#own;
  }

  /** Whether nothing is left to do, including what follows. */
  get isThrough(): boolean {
    return this.#at >= this.#stages.length;
  }

  /** Images that no attack has broken yet. */
  get standing(): number {
    return this.#todo.length + this.#passed.length;
  }

  /** Whether it has had its turn. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether any image has been attacked. */
  get hasBegun(): boolean {
    return this.#reports.length > 0;
  }

  /** Whether its outcomes may decide before it is done; other models are run only afterwards. */
  get #isDecided(): boolean {
    return this.#transfers === undefined && this.run.decision?.outcome !== undefined;
  }

  /**
   * Continues until its time is up, the decision is made, or everything is done.
   *
   * @param further attacks that follow its own, on the survivors; given once.
   */
  async go(isOver: () => boolean, further: readonly PlannedAttack[] = []): Promise<void> {
    if (!this.#isOpen) await this.#open();
    if (this.#stages.length === this.#own) this.#stages.push(...further);
    while (this.#at < this.#stages.length) {
      // With no survivors the remaining attacks are done.
      if (this.given.isSuite && this.standing === 0) return this.#spare();
      await this.#attack(isOver);
      if (this.#todo.length > 0) return;
      this.#next();
    }
  }

  /** A suite skips images that are wrong when clean: their outcome is settled. */
  async #open(): Promise<void> {
    this.#isOpen = true;
    const { run, model, given } = this;
    if (given.isSuite) {
      for await (const outcome of wrongWhenClean(run, model)) {
        this.#settle(outcome, -1);
        await this.#transfers?.add(outcome);
      }
    }
    this.#begin(run.places.filter((place) => !this.#settled.has(place)));
  }

  #begin(places: readonly number[]): void {
    this.#todo = places;
    this.#passed = [];
    const planned = this.#stages[this.#at];
    this.#workLeft = planned === undefined || this.isDone ? 0 : workOf([planned], this.run.places.length);
  }

  #next(): void {
    this.run.onWork(this.#label, this.#workLeft);
    this.#at++;
    this.#begin(this.#passed.sort((a, b) => a - b));
  }

  #spare(): void {
    const { run, given } = this;
    if (!this.isDone)
      run.onWork(given.label, workOf(this.#stages.slice(this.#at, this.#own), run.places.length));
    this.#at = this.#stages.length;
  }

  get #label(): string {
    const { threat, label } = this.given;
    return `${this.model}, ε ${Number(threat.epsilon.toFixed(4))}, ${labelOf(this.#stages[this.#at]!, label)}`;
  }

  /** Runs the next attack on the images still to do. */
  async #attack(isOver: () => boolean): Promise<void> {
    const { run, model } = this;
    const planned = this.#stages[this.#at]!;
    const known = this.#known();
    if (this.#isDecided || (known.size === 0 && isOver())) return;
    const report = (this.#reports[this.#at] ??= { ...NOTHING, planned, images: this.#todo.length });
    const label = this.#label;
    const done = new Set<number>();
    const found = attackStage(run, model, {
      planned,
      places: this.#todo,
      known,
      isOver,
      spend: (work) => {
        const spent = Math.min(work, this.#workLeft);
        this.#workLeft -= spent;
        run.onWork(label, spent);
      },
    });
    for await (const each of found) {
      const { outcome } = each;
      done.add(outcome.place);
      report.seconds += each.seconds;
      report.forward += outcome.forwardQueries;
      report.gradient += outcome.gradientQueries;
      if (outcome.value.success) report.broken++;
      else this.#passed.push(outcome.place);
      if (outcome.value.success && isBlind(planned, outcome)) report.blind++;
      await this.#take(each);
      if (this.#isDecided) break;
    }
    this.#todo = this.#todo.filter((place) => !done.has(place));
    report.unfinished = this.#todo.length;
  }

  /** Whether to score an image on the other models: a survivor once, as the last of its own attacks left it. */
  #goesOn({ value }: Outcome): boolean {
    return this.#transfers !== undefined && (value.success || this.#at === this.#own - 1);
  }

  /** Saved outcomes of the next attack; those without the other models' predictions lack the image to score there. */
  #known(): ReadonlyMap<number, KeptOutcome> {
    const kept = this.run.kept?.outcomes(`${this.#name}/${this.#at}`, this.#todo, this.run.dataset) ?? [];
    return new Map(
      [...kept].filter(([, { outcome, scored }]) => scored !== undefined || !this.#goesOn(outcome)),
    );
  }

  /** Records the outcome of one image in the current attack. */
  async #take(each: KeptOutcome & { readonly isKept: boolean }): Promise<void> {
    const { outcome, isKept, scored } = each;
    const { place, value } = outcome;
    const together = added(this.#before.get(place), outcome);
    const isShown = this.#isShown(place);
    const name = `${this.#name}/${this.#at}`;
    const keep = async (said?: KeptOutcome["scored"]): Promise<void> =>
      isKept ? undefined : this.run.kept?.put(name, each, { withImage: isShown, scored: said });
    if (value.success || this.#at >= this.#own - 1) this.#settle(together, value.success ? this.#at : -1);
    if (this.#transfers === undefined || !this.#goesOn(outcome)) await keep();
    else if (scored !== undefined) this.#transfers.know(together, scored);
    else await this.#transfers.add(together, keep);
    if (!value.success) this.#before.set(place, isShown ? together : withoutImage(together));
  }

  #settle(outcome: Outcome, stage: number, unfinished = false): void {
    const { place, label, value } = outcome;
    const { run, model } = this;
    this.#tally.add(outcome, { stage, unfinished });
    if (this.#isShown(place) && value.adversarial.length > 0) {
      const images = run.adversarial.get(model) ?? new Map<number, Float32Array>();
      run.adversarial.set(model, images.set(place, value.adversarial));
    }
    if (this.isHeadline && !unfinished && !this.#settled.has(place)) {
      run.decision?.note(model, place, value.adversarialPrediction === label);
    }
    this.#settled.add(place);
  }

  /** Scores what is left. Unfinished images count as they are; on the other models, by their clean predictions. */
  async finish(): Promise<Measurement[]> {
    const { run, model, given } = this;
    if (!this.#isOpen) await this.#open();
    const left = [...this.#todo, ...this.#passed].filter((place) => !this.#settled.has(place));
    for (const place of left) {
      const before = this.#before.get(place) ?? asItIs(run, model, place);
      this.#settle(before, -1, !before.value.success);
    }
    await this.#transfers?.finish();
    const others = [...(this.#transfers?.tallies ?? [])];
    for (const [other, tally] of others) {
      for (const outcome of left.map((place) => asItIs(run, other, place))) {
        tally.add(outcome, { unfinished: !outcome.value.success });
      }
      if (left.length === 0 && this.isHeadline) noteAll(run, other, tally.perImage);
    }
    this.#tally.seconds = this.#reports.reduce((sum, { seconds }) => sum + seconds, 0);
    if (given.isSuite) this.#tally.stages = this.#allReports();
    this.#tally.further = Math.max(0, this.#reports.length - this.#own);
    const common = { planned: { ...given, stages: this.#stages.slice(0, this.#own) }, seed: run.plan.seed };
    const mine = ownMeasurement(model, run.models.get(model)!, { ...common, tally: this.#tally });
    return [mine, ...others.map(([other, tally]) => transferMeasurement(other, model, { ...common, tally }))];
  }

  /** Includes its own attacks that were not started. */
  #allReports(): readonly StageTally[] {
    const notBegun = this.#stages.slice(this.#reports.length, this.#own);
    const left = this.isDone ? 0 : this.standing;
    return [
      ...this.#reports,
      ...notBegun.map((planned) => ({ ...NOTHING, planned, images: left, unfinished: left })),
    ];
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const NOTHING = {
  images: 0,
  broken: 0,
  blind: 0,
  forward: 0,
  gradient: 0,
  seconds: 0,
  unfinished: 0,
} as const;

/** The other models on which a measurement's images are scored. */
export function scoredOn(
  { plan, targets }: Pick<Run, "plan" | "targets">,
  model: string,
  { transfer }: PlannedMeasurement,
): string[] {
  return transfer && plan.transferFrom.includes(model)
    ? [...targets.keys()].filter((other) => other !== model)
    : [];
}

function noteAll({ decision }: Run, model: string, { label, adversarialPrediction }: PerAttackedImage): void {
  label.forEach((each, i) => decision?.note(model, i, adversarialPrediction[i] === each));
}

function labelOf({ attack, options }: PlannedAttack, whole: string): string {
  const steps = options["steps"] === undefined ? "" : `, ${options["steps"] as number} steps`;
  return whole === attack.label ? `${whole}${steps}` : `${whole}: ${attack.label}${steps}`;
}

/** Whether an attack that searches first by queries and then by gradients broke the image before its first gradient. */
function isBlind({ attack, options }: PlannedAttack, { gradientQueries }: Outcome): boolean {
  return attack.access === "gradient" && options["queries"] !== undefined && gradientQueries === 0;
}

/** Gradients are averaged over draws only if the model is randomised; otherwise the attack takes one. */
export function stagesFor(
  { stages }: Pick<PlannedMeasurement, "stages">,
  { randomised }: Target,
): readonly PlannedAttack[] {
  return stages.map((planned) =>
    randomised || planned.options["draws"] === undefined
      ? planned
      : { ...planned, options: { ...planned.options, draws: 1 } },
  );
}
