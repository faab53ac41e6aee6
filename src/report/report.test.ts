import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { brokenByCheck, suiteMeasurement } from "../../test/suite-measurement.js";
import { openDataset, takeSample } from "../data/index.js";
import { escapeHtml } from "../escape.js";
import {
  attacksOf,
  encodeMap,
  encodeRaster,
  evaluateModels,
  parseResult,
  type Example,
  type Result,
} from "../evaluation/index.js";
import { createClassifier } from "../models/index.js";
import { createGenerator } from "../tensor/index.js";
import { citationsOf, commandOf } from "./again.js";
import { renderChart } from "./charts.js";
import { classRows } from "./classes.js";
import { embeddedJson, html } from "./html.js";
import { className, renderReport } from "./index.js";
import { verdictOf } from "./verdict.js";

const HOSTILE = "</script><img src=x onerror=alert(1)>\u2028$&`";
let result: Result;
let page = "";

beforeAll(async () => {
  const dataset = takeSample(await openDataset("mnist:test"), 20, createGenerator(1));
  const named = { ...dataset, classNames: dataset.classNames.map((name, i) => (i === 3 ? HOSTILE : name)) };
  const classifier = createClassifier("resnet-mini", {
    channels: 1,
    height: 28,
    width: 28,
    classNames: named.classNames,
    random: createGenerator(1),
  });
  const info = { recipe: "at-alp", path: "a", sha256: "0".repeat(64), architecture: "resnet-mini" };
  const training = {
    settings: { epochs: 3 },
    steps: 100,
    epochs: 3,
    seconds: 75,
    curve: { step: [1, 50, 100], loss: [2.3, null, 0.4] },
    validation: [{ step: 100, n: 10, cleanAccuracy: 0.9, robustAccuracy: 0.5 }],
    bestStep: 100,
  };
  const models = [
    { name: "plain", classifier, info },
    { name: HOSTILE, classifier, info: { ...info, training } },
  ];
  const options = {
    epsilons: [0.1, 0.5],
    options: { steps: 2 },
    iterations: [1],
    transferFrom: ["plain"],
    threads: 1,
    examples: 2,
  };
  result = await evaluateModels(models, { dataset: named, population: 10_000, seed: 1 }, options, {
    tool: { name: "holdfast", version: "0.0.0" },
  });
  // Untrained models may share no correct image: an example by hand shows the pictures.
  result = { ...result, examples: [example(3)] };
  page = await renderReport(result);
});

function example(label: number): Example {
  const shape = { channels: 1, height: 4, width: 4 };
  const ramp = Float32Array.from({ length: 16 }, (_, i) => i / 15);
  const image = encodeRaster(ramp, shape);
  return {
    index: 7,
    fileName: HOSTILE,
    label,
    clean: image,
    attack: "pgd",
    threat: { norm: "linf", epsilon: 0.5 },
    views: ["plain", HOSTILE].map((model, i) => ({
      model,
      cleanPrediction: label,
      adversarialPrediction: i === 0 ? 5 : label,
      adversarialConfidence: 0.875,
      adversarial: image,
      perturbation: encodeRaster(ramp, shape, { minimum: -0.5, maximum: 0.5 }),
      attention: [{ group: "group-0", clean: encodeMap(ramp, 4, 4), adversarial: encodeMap(ramp, 4, 4) }],
    })),
  };
}

describe("the report", () => {
  test("names every attack that the headline rests on, transfer too", () => {
    expect(page).toMatch(/plain is right on[^<]*\(PGD-2, PGD-1, gray image\)\./);
    expect(page).toMatch(/\(PGD-2, PGD-1, gray image, and by transfer from plain\)\./);
  });

  test("shows every accuracy and every warning of the result", () => {
    for (const m of result.measurements) expect(page).toContain(`${(100 * m.accuracy).toFixed(1)} %`);
    expect(result.warnings.length).toBeGreaterThan(0);
    for (const { message } of result.warnings) expect(page).toContain(escapeHtml(message));
    for (const statement of result.statements) expect(page).toContain(escapeHtml(statement));
  });

  test("shows what was tried beside the measurements", () => {
    const { further, signs } = result.checks![0]!;
    expect(page).toContain("the same images five times");
    for (const { images, standing } of further ?? [])
      expect(page).toContain(`<td>${images} of ${standing}</td>`);
    expect(page.includes("signs of a failing attack")).toBe(signs !== undefined);
  });

  test("names the checks where they broke some of what the number says", async () => {
    const [about] = attacksOf(result.measurements).filter(({ threat }) => threat.epsilon === 0.5);
    const further = brokenByCheck(about!.perImage!.index[0]!, 0);
    const checks = [{ model: "plain", measurement: about!.id, further: [further] }];
    expect(await renderReport({ ...result, checks })).toMatch(
      /\(PGD-2, PGD-1, gray image, and the checks\)\./,
    );
  });

  test("fetches nothing, and runs nothing but the script that its policy names by hash", () => {
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => text!);
    expect(scripts.length).toBe(1);
    const hash = createHash("sha256").update(scripts[0]!).digest("base64");
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(
      page.replace(/\s+/g, " "),
    )![1]!;
    expect(policy).toBe(
      `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`,
    );
    expect(page.match(/<script(?! type="application\/json"|>)/g)).toBeNull();
    const addresses = [...page.matchAll(/(?:src|href)\s*=\s*"([^"]*)"/g)].map((match) => match[1]!);
    expect(addresses.filter((address) => !/^data:image\/(png|webp);base64,/.test(address))).toEqual([]);
    expect(page).not.toMatch(/@import|url\((?!#)/);
  });

  test("a name with markup stays text everywhere, in charts and data too", () => {
    expect(page).not.toContain("<img src=x");
    expect(page.match(/<\/script>/g)!.length).toBe(2);
    expect(page).toContain(escapeHtml(HOSTILE));
  });

  test("holds the result as JSON", () => {
    const json = /<script type="application\/json" id="result">([\s\S]*?)<\/script>/.exec(page)![1]!;
    expect(parseResult(JSON.parse(json), "page")).toEqual({ ...result, examples: [] });
  });

  test("shows every example, fooled first, with its change and its attention, for every model", () => {
    const shots = [...page.matchAll(/<article class="shot (is-\w+)"[\s\S]*?<\/article>/g)];
    expect(shots.map(([, state]) => state)).toEqual(["is-fooled", "is-held"]);
    for (const [shot] of shots) {
      expect(shot.match(/<input type="radio"/g)!.length).toBe(5);
      expect(shot.match(/<img\s/g)!.length).toBe(5);
      expect(shot.match(/checked/g)!.length).toBe(1);
      expect(shot).toContain("± 0.5");
    }
    expect(shots[0]![0]).toMatch(/<span class="fooled">✗ 5<\/span\s*>\s*\(88 % sure\)/);
    expect(shots[1]![0]).toContain(`<span class="held">✓ ${escapeHtml(HOSTILE)}`);
  });

  test("counts what each class is taken for, that which holds least first", () => {
    const rows = classRows({
      label: [0, 0, 1, 1, 1, 2],
      cleanPrediction: [0, 0, 1, 1, 0, 2],
      adversarialPrediction: [0, 2, 0, 0, 2, 2],
    });
    expect(rows).toEqual([
      {
        label: 1,
        images: 3,
        clean: 2,
        standing: 0,
        taken: [
          [0, 2],
          [2, 1],
        ],
      },
      { label: 0, images: 2, clean: 2, standing: 1, taken: [[2, 1]] },
      { label: 2, images: 1, clean: 1, standing: 1, taken: [] },
    ]);
    expect(page).toContain("Confusion matrix under this attack");
  });

  test("tells how to run it again and how to cite it, whatever the names are", () => {
    const own = {
      ...result,
      seed: result.dataset.sampleSeed!,
      models: result.models.map((model) => ({ ...model, path: "a b's.onnx" })),
    };
    expect(commandOf(own)).toBe(
      "holdfast evaluate 'a b'\\''s.onnx' 'a b'\\''s.onnx' --data mnist:test --limit 20 --seed 1 --epsilon 0.1,0.5 " +
        "--attack pgd --steps 2",
    );
    expect(commandOf({ ...own, headline: null })).toBeUndefined();
    expect(commandOf({ ...own, seed: own.seed + 1 })).toBeUndefined();
    expect(citationsOf({ ...result, warnings: [] })[0]).toMatch(
      /^plain \(sha256 0{12}…\): .* on 20 images of mnist:test, seed 0; an upper bound/,
    );
  });

  test("says NaN where a model named no class", () => {
    expect([5, 99, -1].map((label) => className({ classNames: [..."abcdef"] }, label))).toEqual([
      "f",
      "99",
      "NaN",
    ]);
  });

  test("has a table under every chart, and says in words what it shows", () => {
    const charts = page.match(/<div role="img" tabindex="0" aria-label="[^"]{20,}"/g)!;
    expect(charts.length).toBe(3);
    expect(page.match(/The numbers in this chart/g)!.length).toBe(3);
  });
});

describe("a verdict", () => {
  /** 20 images, so many of them right when clean and under attack; a constant answer is right on 2. */
  const judged = (right: number, standing: number, more: Partial<Result> = {}): string => {
    const suite = suiteMeasurement([{ attack: "apgd", broken: right - standing }], {
      right,
      n: 20,
      epsilon: 0.5,
    });
    const { perImage: _, ...measurement } = suite;
    const clean = result.measurements.find(({ kind }) => kind === "clean")!;
    const accuracy = right / 20;
    const cleanly = {
      ...clean,
      model: suite.model,
      correct: right,
      accuracy,
      interval: { low: 0, high: 1, confidence: 0.95 },
    };
    const given = { ...result, warnings: [], checks: [], ...more, measurements: [cleanly, measurement] };
    return verdictOf(given, suite.model, suite.threat)!.words;
  };

  test.each([
    [20, 19, "keeps nearly all of what it gets right"],
    [20, 15, "keeps most of what it gets right"],
    [20, 10, "keeps more than half of what it gets right"],
    [20, 6, "loses more than half of what it gets right"],
    [20, 4, "loses most of what it gets right"],
    [20, 2, "no better than a guess"],
    [2, 2, "no better than a guess"],
  ])("of %i right and %i standing: %s", (right, standing, words) => {
    expect(judged(right, standing)).toContain(words);
  });

  test("is none where a serious warning says that the number is false", () => {
    const { id } = suiteMeasurement([{ attack: "apgd", broken: 1 }], { right: 20, n: 20, epsilon: 0.5 });
    const warning = { code: "zero-gradient", severity: "serious", message: "m", measurements: [id] } as const;
    expect(judged(20, 19, { warnings: [warning] })).toContain("cannot be trusted");
  });
});

describe("the attacks of a suite", () => {
  const at = (epsilon: number, broken: number) =>
    suiteMeasurement(
      [
        { attack: "apgd", broken },
        { attack: "square", broken: 3 },
      ],
      { right: 18, n: 20, model: HOSTILE, epsilon },
    );
  const rowsOf = (text: string): string[][] =>
    [...text.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row]) =>
      [...row!.matchAll(/<t[hd][^>]*>([^<]*)/g)].map(([, cell]) => cell!),
    );

  test("are a waterfall of the headline, in words too, and a table of all", async () => {
    const suites = await renderReport({ ...result, measurements: [at(0.1, 5), at(0.5, 11)] });
    const section = /<section id="suites"[\s\S]*?<\/section>/.exec(suites)![0];
    expect(section.match(/<svg/g)!.length).toBe(1);
    expect(section).toContain("18 right; APGD broke 11, Square 3; 4 survived, of 20 images.");
    const labels = [...section.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, label]) => label);
    for (const label of ["clean", "APGD", "Square", "standing", "18", "−11", "−3", "4"]) {
      expect(labels).toContain(label);
    }
    expect(rowsOf(section).slice(1)).toEqual([
      [escapeHtml(HOSTILE), "L∞, ε = 0.1", "APGD", "18", "5", "1\u2009818", "36", "1 min 01 s"],
      [escapeHtml(HOSTILE), "L∞, ε = 0.1", "Square", "13", "3", "1\u2009313", "26", "1 min 01 s"],
      [escapeHtml(HOSTILE), "L∞, ε = 0.5", "APGD", "18", "11", "1\u2009818", "36", "1 min 01 s"],
      [escapeHtml(HOSTILE), "L∞, ε = 0.5", "Square", "7", "3", "707", "14", "1 min 01 s"],
    ]);
  });

  test("have names of two words in two lines, so that they do not run into each other", async () => {
    const losses = ["margin", "dlr"].map((loss) => ({ attack: "apgd", broken: 1, options: { loss } }));
    const suites = await renderReport({
      ...result,
      measurements: [suiteMeasurement(losses, { epsilon: 0.5 })],
    });
    const labels = [...suites.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, label]) => label);
    expect(labels.filter((label) => label === "APGD").length).toBe(2);
    expect(labels).toEqual(expect.arrayContaining(["(margin)", "(DLR)"]));
  });

  test("are not spoken of where there was none", () => {
    expect(page).not.toContain("What each attack broke");
  });
});

test("values of x may stand at even distances, each by its name", () => {
  const chart = { title: "", description: "", xName: "ε", yName: "accuracy", percent: true } as const;
  const points = [0, 4, 8, 16, 128].map((x) => [x / 256, 0.5] as const);
  const series = [{ name: "model", colour: "#123456", dashed: false, points }];
  const ends = (xScale: "linear" | "even"): number[] => {
    const picture = renderChart({ ...chart, xScale, nameX: (x) => `at ${256 * x}`, series });
    if (xScale === "even") for (const [x] of points) expect(picture).toContain(`>at ${256 * x}<`);
    const [, line] = /<path d="M([^"]*)" fill="none"[^>]* stroke="#123456"/.exec(picture)!;
    return line!.split("L").map((point) => Number(point.trim().split(" ")[0]));
  };
  const steps = (places: readonly number[]): number[] => places.slice(1).map((x, i) => x - places[i]!);
  for (const step of steps(ends("even"))) expect(step).toBeCloseTo(steps(ends("even"))[0]!);
  expect(steps(ends("linear")).at(-1)! / steps(ends("linear"))[0]!).toBeCloseTo(28, 1);
});

test("an axis that ends at a fraction of 255 is labelled in three digits", () => {
  const points = [0, 0.5, 1].map((levels) => [levels / 255, 0.5] as const);
  const chart = { title: "", description: "", xName: "ε", yName: "accuracy", percent: true } as const;
  const series = [{ name: "model", colour: "#123456", dashed: false, points }];
  const labels = renderChart({ ...chart, xScale: "linear", series }).match(/>0\.00\d+</g);
  expect(labels).toEqual([">0.001<", ">0.002<", ">0.003<", ">0.00392<"]);
});

test("templates escape what they are given, and only that", () => {
  expect(html`<b title="${'"'}">${"<i>"}${html`<u>${"&"}</u>`}${[1, "<"]}</b>`.html).toBe(
    '<b title="&quot;">&lt;i&gt;<u>&amp;</u>1&lt;</b>',
  );
  expect(embeddedJson("</script>\u2028").html).toBe('"\\u003c/script>\\u2028"');
});
