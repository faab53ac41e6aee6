import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyRun } from "../../test/runs/settings.js";
import { noiseImages, tinyTraining } from "../../test/runs/tiny-training.js";
import { RECIPES } from "../defences/index.js";
import { InterruptedError } from "../errors/index.js";
import { compile } from "../runtime/index.js";
import {
  loadCheckpoint,
  readLog,
  resumeRun,
  runPaths,
  saveCheckpoint,
  trainClassifier,
  trainRun,
  UPDATE,
  type RunEvent,
  type TrainingEvent,
  type TrainingOutcome,
  type TrainingSettings,
  type TrainingState,
  type ValidationRecord,
} from "./index.js";

const DATA = { train: noiseImages(8), validation: noiseImages(4, "other noise") };
/** Of eight epochs, each of two steps and a validation. */
const STEPS = 16;

interface Trained {
  readonly outcome: TrainingOutcome;
  readonly events: readonly TrainingEvent[];
}

type Recipe = TrainingSettings["recipe"];
const begun = new Map<Recipe, Promise<TrainingOutcome>>();

/** Goes on from a state, or begins with the best validation that is given. */
async function train(
  patience: number | null,
  from: TrainingState | ValidationRecord | undefined,
  recipe: Recipe = RECIPES["undefended"]!,
): Promise<Trained> {
  const validation = { images: 4, every: 1, steps: 1, patience };
  const { classifier, settings } = tinyTraining(recipe, { epochs: 8, validation });
  const untrained =
    begun.get(recipe) ?? trainClassifier(classifier, DATA, settings, { signal: AbortSignal.abort() });
  begun.set(recipe, untrained);
  const { state, weights } = await untrained;
  const events: TrainingEvent[] = [];
  const resume =
    from !== undefined && "tensors" in from ? from : { ...state, best: from && { record: from, weights } };
  const outcome = await trainClassifier(classifier, DATA, settings, {
    resume,
    onEvent: (event) => void events.push(event),
  });
  return { outcome, events };
}

const warnings = ({ events }: Trained, code: string): string[] =>
  events.flatMap((event) => (event.type === "warning" && event.code === code ? [event.message] : []));
const stepsTaken = ({ events }: Trained): number => events.filter(({ type }) => type === "step").length;

/** An accuracy is at most 1: nothing validates better than this. */
const UNBEATEN: ValidationRecord = { step: 0, images: 4, clean: 2, robust: null };

describe("early stopping", () => {
  test.each([1, 3])("after %d validations without a better one, said once", async (patience) => {
    const trained = await train(patience, UNBEATEN);
    const { finished, state, weights } = trained.outcome;
    expect(stepsTaken(trained)).toBe(2 * patience);
    expect(state.step).toBe(2 * patience);
    expect(finished).toBe(true);
    expect(state.best!.record).toEqual(UNBEATEN);
    expect(weights).toBe(state.best!.weights);
    expect(warnings(trained, "stopped-early")).toEqual([
      `no better validation in the last ${patience}: stopped early.`,
    ]);
  });

  test("a training that stopped stays finished when it is gone on with", async () => {
    const { outcome } = await train(2, UNBEATEN);
    const again = await train(2, outcome.state);
    expect(stepsTaken(again)).toBe(0);
    expect(again.outcome).toEqual(outcome);
    expect(warnings(again, "stopped-early")).toEqual([]);
  });

  test("goes by the validations after the best one: those before it count for nothing", async () => {
    const { state } = (await train(2, UNBEATEN)).outcome;
    expect(state.validations.map(({ step }) => step)).toEqual([2, 4]);
    const best = { ...state.best!, record: { ...UNBEATEN, step: 4 } };
    const { outcome } = await train(2, { ...state, best });
    expect(outcome.state.validations.map(({ step }) => step)).toEqual([2, 4, 6, 8]);
    expect(outcome.state.step).toBe(8);
  });

  test("without patience every step is taken; out of it at the last one, nothing was stopped early", async () => {
    for (const patience of [null, STEPS / 2]) {
      const trained = await train(patience, UNBEATEN);
      expect(stepsTaken(trained)).toBe(STEPS);
      expect(trained.outcome.finished).toBe(true);
      expect(warnings(trained, "stopped-early")).toEqual([]);
    }
  });

  describe("in a run folder", () => {
    let root = "";
    beforeAll(async () => (root = await mkdtemp(join(tmpdir(), "holdfast-early-"))));
    afterAll(() => rm(root, { recursive: true }));

    test("is kept after a kill before the model was written", async () => {
      const folder = join(root, "run");
      const { checkpoints, log, manifest, model } = runPaths(folder);
      const run = tinyRun(folder);
      const settings = {
        ...run.settings,
        recipe: RECIPES["undefended"]!,
        epochs: 6,
        validation: { ...run.settings.validation, patience: 1 },
      };
      const abort = new AbortController();
      const onEvent = (event: RunEvent): void => {
        if (event.type === "step" && event.step === 10) abort.abort();
      };
      const stopped = trainRun({ ...run, settings }, { signal: abort.signal, onEvent });
      await expect(stopped).rejects.toThrow(InterruptedError);
      const { state, progress } = (await loadCheckpoint(checkpoints))!;
      const best = { ...state.best!, record: { ...state.best!.record, clean: UNBEATEN.clean } };
      await saveCheckpoint(checkpoints, { ...state, best }, progress);

      const finished = await resumeRun(folder);
      expect(finished.steps).toBe(18);
      expect(finished.best?.step).toBe(9);
      expect(JSON.stringify(await readLog(log))).toContain("stopped early");
      const bytes = await readFile(model);
      for (const file of [manifest, model]) await rm(file);
      const steps: number[] = [];
      const again = await resumeRun(folder, {
        onEvent: (event) => {
          if (event.type === "step") steps.push(event.step);
        },
      });
      expect([again.steps, steps]).toEqual([18, []]);
      expect((await readFile(model)).equals(bytes)).toBe(true);
    });
  });
});

test("catastrophic overfitting is said where a validation shows it", async () => {
  const pat = RECIPES["pat"]!;
  const recipe = { ...pat, adversary: { ...pat.adversary!, epsilon: 1, steps: 1 } };
  // More than twice what any validation can come to.
  const trained = await train(1, { step: 0, images: 4, clean: 0, robust: 3 }, recipe);
  expect(warnings(trained, "catastrophic-overfitting")).toEqual([
    expect.stringMatching(/^accuracy under attack fell from 300\.0 % to .*catastrophic overfitting/),
  ]);
});

test("updates are optimised however many nodes they have", async () => {
  const { classifier, settings } = tinyTraining(RECIPES["awp"]!, { epochs: 1 });
  const asked = new Map<string, string | undefined>();
  await trainClassifier(classifier, { train: DATA.train, validation: undefined }, settings, {
    compile: (graph, options) => {
      if (graph.inputs.includes(UPDATE.learningRate)) asked.set(graph.name, options?.optimization);
      return compile(graph, options);
    },
  });
  expect(asked.size).toBeGreaterThan(0);
  for (const optimization of asked.values()) expect(optimization).toBe("all");
});

describe("a network that resizes its images at random, trained as it is used", () => {
  const pat = RECIPES["pat"]!;
  const randomResize = { smallest: 1, largest: 1.5, when: "always" } as const;
  const recipe = { ...pat, adversary: { ...pat.adversary!, steps: 2 }, model: { randomResize } };
  const { classifier, settings } = tinyTraining(recipe, { epochs: 2 });
  const data = { train: DATA.train, validation: undefined };

  test("draws anew for every step, stays finite, and comes to the same bytes, interrupted too", async () => {
    expect(classifier.randomInputs?.map(({ name }) => name)).toEqual(["resize_rows", "resize_columns"]);
    const losses: number[] = [];
    const drawn: unknown[] = [];
    const whole = await trainClassifier(classifier, data, settings, {
      compile: async (graph, options) => {
        const program = await compile(graph, options);
        const run: typeof program.run = (feeds, fetch) => {
          if (UPDATE.learningRate in feeds) drawn.push(feeds["resize_rows"]!.data.slice());
          return program.run(feeds, fetch);
        };
        return { ...program, run, dispose: () => program.dispose() };
      },
      onEvent: (event) => {
        if (event.type === "step") losses.push(event.loss);
      },
    });
    expect(losses.length).toBe(4);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(drawn.length).toBe(4);
    for (const [step, rows] of drawn.slice(1).entries()) expect(rows).not.toEqual(drawn[step]);
    for (const [name, { data }] of whole.state.tensors) {
      expect((data as Float32Array).every(Number.isFinite), name).toBe(true);
    }
    const abort = new AbortController();
    const half = await trainClassifier(classifier, data, settings, {
      signal: abort.signal,
      onEvent: (event) => {
        if (event.type === "step" && event.step === 3) abort.abort();
      },
    });
    expect([half.finished, half.state.step]).toEqual([false, 3]);
    const rest = await trainClassifier(classifier, data, settings, { resume: half.state });
    expect(rest.state.tensors).toEqual(whole.state.tensors);
  });
});
