import { describe, expect, test } from "vitest";
import { historyByHand } from "../../../test/runs/history.js";
import { renderLive, renderTraining, trainingPage, viewOf, type TrainingView } from "../index.js";
import { noticesOf } from "./notices.js";
import { placeOf } from "./view.js";

const HOSTILE = `</script><img src=x onerror=alert(1)>" onmouseover="alert(2)' onfocus='\u2028$&\``;

/** The page as a reader sees it. */
function textOf(view: TrainingView): string {
  return renderTraining(view)
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<svg[\s\S]*?<\/svg>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replaceAll("&#39;", "'")
    .replace(/\s+/g, " ");
}

const validations = [
  [30, 0.6, 0.2],
  [60, 0.8, 0.5],
  [90, 0.9, 0.45],
] as const;

describe("the first screen", () => {
  test("of a training under way: place, time left, the last validation with its intervals, the best", () => {
    const view: TrainingView = {
      ...viewOf(historyByHand({ validations })),
      phase: "training",
      now: { step: 95, seconds: 10, steps: 20 },
    };
    expect(placeOf(view)).toMatchObject({ step: 95, steps: 180, stepsPerSecond: 2, secondsLeft: 42.5 });
    const text = textOf(view);
    expect(text).toContain("AT+ALP on mnist: 52 % done");
    expect(text).toContain(
      "resnet-mini learns 2 900 images of mnist in 10 classes, each attacked by PGD-2 within L∞, ε = 0.3, as well as the clean images.",
    );
    expect(text).toContain(
      "step 95 of 180 epoch 1.1 of 2 time left 43 s elapsed 1 min 33 s images per second 64",
    );
    // Wilson's intervals of 90 and 45 of 100, SciPy: (.8256, .9448) and (.3561, .5476).
    expect(text).toContain("step 90, on 100 images held out from training");
    expect(text).toContain("clean 90.0 % 82.6 – 94.5 % PGD-2, L∞, ε = 0.3 45.0 % 35.6 – 54.8 %");
    expect(text).toContain("Best so far (these weights are kept) step 60, on 100 images");
    expect(text).toContain("holdfast train --resume runs/by-hand Continues after step 80");
  });

  test("of a finished one: the weights that were kept, and the command that measures them", () => {
    const text = textOf(viewOf(historyByHand({ validations, step: 180, isFinished: true })));
    expect(text).toContain("AT+ALP on mnist: right on at most 50.0 % under attack");
    expect(text).toContain("The weights kept step 60");
    expect(text).not.toContain("Latest validation");
    expect(text).toContain(
      "holdfast evaluate runs/by-hand --data mnist:test --epsilon 0.3 --report report.html",
    );
  });

  test("of one that was stopped, that fails, that is being prepared", () => {
    expect(textOf(viewOf(historyByHand()))).toContain("AT+ALP on mnist: stopped after step 90");
    const diverged = { code: "diverged", step: 90, message: "the loss is NaN: training has diverged" };
    const failed = viewOf(historyByHand({ warnings: [diverged] }));
    expect(failed.phase).toBe("failed");
    expect(textOf(failed)).toContain("It failed. the loss is NaN: training has diverged");
    expect(textOf(failed)).toContain("Start a new run");
    expect(textOf(failed)).not.toContain("--resume");
    expect(viewOf(historyByHand({ isHeld: true })).phase).toBe("training");
    expect(viewOf(historyByHand({ isHeld: true, step: 0 })).phase).toBe("preparing");
    const empty: TrainingView = { folder: "runs/new", phase: "preparing", history: undefined };
    expect(textOf(empty)).toContain("Preparing a training run Preparing the run in runs/new.");
    expect(textOf({ ...empty, phase: "failed", failure: "photos: is empty" })).toContain("photos: is empty");
  });

  test("of a log without its length, as earlier versions wrote it", () => {
    const history = historyByHand({ validations });
    const text = textOf(viewOf({ ...history, lines: history.lines.slice(1) }));
    expect(text).toContain("stopped after step 90");
    expect(text).toContain("step 90 took 1 min 30 s");
  });
});

describe("the checks", () => {
  const titlesOf = (given: Parameters<typeof historyByHand>[0]): string[] =>
    noticesOf(viewOf(historyByHand(given))).map(({ severity, title }) => `${severity}: ${title}`);

  test("say nothing of a training that goes well", () => {
    expect(titlesOf({ validations, accuracy: 0.6 })).toEqual([]);
    expect(textOf(viewOf(historyByHand({ validations })))).toContain("The checks found no problem");
  });

  test("put the gravest first, and count what is said again", () => {
    const blind = { code: "zero-gradient", step: 10, message: "the adversary's gradient was zero." };
    const collapse = { code: "collapse", message: "the classifier answers one class" };
    const warnings = [blind, { ...collapse, step: 50 }, { ...collapse, step: 60 }];
    expect(titlesOf({ warnings })).toEqual([
      "serious: It predicts the same class for every image",
      "warning: The adversary has no gradient to follow",
    ]);
    const text = textOf(viewOf(historyByHand({ warnings })));
    expect(text).toContain("The classifier answers one class. (reported 2 times) step 60");
  });

  test("forget a collapse that a later validation is better than, and no earlier one", () => {
    const warnings = [{ code: "collapse", step: 50, message: "one class." }];
    expect(titlesOf({ warnings, validations: [[40, 0.9, 0.4]] })).toEqual([
      "serious: It predicts the same class for every image",
    ]);
    expect(titlesOf({ warnings, validations: [[60, 0.9, 0.4]] })).toEqual([
      "info: It predicts the same class for every image",
    ]);
  });

  test.each([
    // 15 of 100 may be a tenth by chance, 17 may not: the intervals begin at .0931 and .1089 (SciPy).
    ["clean", [[90, 0.15, 0.15]], ["No better than a guess"]],
    ["under attack", [[90, 0.9, 0.15]], ["No better than a guess under attack"]],
    ["neither", [[90, 0.9, 0.17]], []],
  ] as const)("know a guess: %s", (_, given, titles) => {
    expect(titlesOf({ validations: given, accuracy: 0.2 })).toEqual(titles.map((title) => `info: ${title}`));
    const finished = { validations: given, accuracy: 0.2, step: 180, isFinished: true };
    expect(titlesOf(finished)).toEqual(titles.map((title) => `serious: ${title}`));
  });

  test("say that accuracy under attack has fallen, beyond chance alone", () => {
    const fallen = "warning: Accuracy under attack has fallen";
    expect(titlesOf({ validations: [[30, 0.8, 0.6], [90, 0.9, 0.3]], accuracy: 0.4 })).toEqual([fallen]); // prettier-ignore
    expect(titlesOf({ validations: [[30, 0.8, 0.6], [90, 0.9, 0.5]], accuracy: 0.4 })).toEqual([]); // prettier-ignore
  });

  test("say that the training's own images are easier than validation's, once ε is at its full size", () => {
    const gap = "warning: Much better on its own adversarial images than on validation's";
    expect(titlesOf({ validations: [[80, 0.9, 0.45]], accuracy: 0.71 })).toEqual([gap]);
    expect(titlesOf({ validations: [[80, 0.9, 0.45]], accuracy: 0.69 })).toEqual([]);
    expect(titlesOf({ validations: [[50, 0.9, 0.45]], accuracy: 0.71, step: 50 })).toEqual([]);
  });
});

test("images of the latest validation: clean and adversarial, each with the prediction, names as text", () => {
  const png = "iVBORw0KGgo=";
  const image = {
    fileName: "<i>7.png",
    label: 0,
    clean: { prediction: 0, png },
    adversarial: { prediction: -1, png },
  };
  const history = historyByHand({ classNames: ["<b>cat", "dog"], shown: { step: 80, images: [image] } });
  const page = renderTraining(viewOf(history));
  expect(page.match(/<img\s+src="data:image\/png;base64,iVBORw0KGgo="/g)).toHaveLength(2);
  expect(page).toContain('alt="adversarial image of &lt;b&gt;cat"');
  const text = textOf(viewOf(history));
  expect(text).toContain("1 of the validation images at step 80, clean and under PGD-2, L∞, ε = 0.3.");
  expect(text).toContain("clean ✓ &lt;b&gt;cat adversarial ✗ NaN &lt;i&gt;7.png");
  expect(renderTraining(viewOf(historyByHand()))).toContain('<section id="images"></section>');
});

test("the curves: accuracies, each term of the loss times its weight, the schedules as they will be", () => {
  const page = renderTraining(viewOf(historyByHand({ validations })));
  const names = [...page.matchAll(/<figcaption>([^<]*)/g)].map(([, name]) => name);
  expect(names).toEqual(["Accuracy", "Loss by term", "Schedules, as shares of the maximum"]);
  const described = [...page.matchAll(/role="img" tabindex="0" aria-label="([^"]*)"/g)].map(
    ([, text]) => text,
  );
  expect(described[0]).toContain("validation, PGD-2 goes from 20.0 % at step 30 to 45.0 % at step 90");
  // Half of 2 / 10 and of 2 / 90.
  expect(described[1]).toContain("0.5 · cross-entropy (clean) goes from 0.1 at step 10 to 0.0111 at step 90");
  expect(described[1]).toContain("0.5 · attention pairing goes from 0.1 at step 10 to 0.1 at step 90");
  // ε rises linearly over two fifths of 180 steps.
  expect(described[2]).toContain("ε (largest 0.3) goes from 1.4 % at step 1 to 100.0 % at step 90");
  expect(described[2]).toContain("learning rate (peak 0.005), planned goes from");
});

test("no name of data, a folder or a class becomes part of the page", () => {
  const warnings = [{ code: HOSTILE, step: 90, message: HOSTILE }];
  const names = { folder: HOSTILE, data: HOSTILE, classNames: [HOSTILE, "b"] };
  for (const isFinished of [false, true]) {
    const view = {
      ...viewOf(historyByHand({ ...names, warnings, validations, isFinished })),
      failure: HOSTILE,
    };
    const page = renderTraining(view);
    expect(page).not.toMatch(/<script|<img|["'] on[a-z]+=/);
    expect(page.split("&lt;/script&gt;&lt;img src=x").length).toBeGreaterThan(5);
    const live = renderLive(trainingPage(view));
    expect(live.split("<script>")).toHaveLength(2);
    expect(live.split("</script>")).toHaveLength(2);
    expect(live).not.toMatch(/<img|["'] on[a-z]+=/);
  }
});

test("a page in a file has no script, and a live one the script that its policy names, and no other address", () => {
  const view = viewOf(historyByHand());
  const policy = (page: string): string => /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
  expect(policy(renderTraining(view))).toBe("default-src 'none'; img-src data:; style-src 'unsafe-inline'");
  const live = renderLive(trainingPage(view));
  expect(policy(live)).toMatch(/; script-src 'sha256-[\w+/=]+'; connect-src 'self'$/);
  expect(live.replace(/xmlns="[^"]*"|xmlns:\w+="[^"]*"/g, "")).not.toMatch(/https?:/);
});

test("what is drawn once is not drawn again", () => {
  const view = viewOf(historyByHand({ validations }));
  const [first, again] = [trainingPage(view), trainingPage({ ...view, phase: "training" })];
  expect(again.sections.get("charts")).toBe(first.sections.get("charts"));
  expect(again.sections.get("answer")).not.toBe(first.sections.get("answer"));
});
