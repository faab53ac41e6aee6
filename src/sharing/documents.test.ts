import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { corrupted, evaluated } from "../../test/evaluated.js";
import { HOSTILE } from "../../test/hostile.js";
import { InputError, UsageError } from "../errors/index.js";
import type { Result } from "../evaluation/index.js";
import { evidencePage } from "./evidence/evidence.js";
import { findingsOf } from "./findings.js";
import { modelCard } from "./model-card.js";
import { modelIndexBlock, modelIndexOf } from "./model-index.js";
import { chooseModel, refuseShard } from "./of-model.js";
import { withoutFolders } from "./without-folders.js";

const FRONT = /^---\n([\s\S]*?)\n---(?:\n|$)/;

/** Two models at ε = .1, the second of them with a name of choice; everything else that is named has it too. */
function resultOf(name: string): Result {
  const plain = evaluated([
    { name: "plain", images: "++++aaaa--" },
    { name, images: "+++++++a--" },
  ]);
  return {
    ...plain,
    dataset: { ...plain.dataset, name, classNames: [name, "dog"] },
    models: plain.models.map((model) => ({ ...model, path: name, architecture: name, recipe: name })),
    runtime: { ...plain.runtime, cpu: name, platform: name, host: name },
    tool: { name, version: name },
    warnings: [
      {
        code: "short-reach",
        severity: "warning",
        message: name,
        measurements: [`${name}/white-box/linf-0.1/pgd`],
      },
    ],
    statements: [name],
    limits: { notRun: [name] },
  };
}

const frontOf = (text: string): Record<string, unknown> =>
  parse(FRONT.exec(text)![1]!, { version: "1.1" }) as Record<string, unknown>;

describe("what was measured", () => {
  const result = resultOf("robust");
  const findings = findingsOf(result, "robust");

  test("is numbered, with intervals, and all attacks together come before each of them", () => {
    expect(findings.map(({ id, kind, knowledge, correct, n }) => [id, kind, knowledge, correct, n])).toEqual([
      ["M1", "clean", undefined, 8, 10],
      ["M2", "all-attacks", undefined, 7, 10],
      ["M3", "attack", "white-box", 7, 10],
    ]);
  });

  test("knowledge is that of the attacks themselves", () => {
    const knowledgeOf = (attack: string): unknown => {
      const found = evaluated([{ name: "a", images: "+a", attack }]);
      return findingsOf(found, "a").at(-1)!.knowledge;
    };
    expect(["pgd", "square", "hop-skip-jump", "gray-image", "theirs"].map(knowledgeOf)).toEqual([
      "white-box",
      "score-based",
      "decision-based",
      "none",
      "white-box",
    ]);
  });

  test("the evidence says that it is none of compliance, and every accuracy in it has its interval", () => {
    const page = evidencePage(result, result.models[1]!);
    expect(page).toContain("**This page is evidence, not compliance.**");
    for (const { id, accuracy, interval } of findings) {
      const range = `${(100 * interval.low).toFixed(1)} – ${(100 * interval.high).toFixed(1)} %`;
      expect(page).toContain(`${id}: ${(100 * accuracy).toFixed(1)} % (95 % interval ${range})`);
    }
    // Of shares in the mapping and the table none stands alone.
    const mapping = page.slice(
      page.indexOf("## In the terms of NIST"),
      page.indexOf("## What was not measured"),
    );
    const alone = mapping.replace(/\d+\.\d % \(95 % interval \d+\.\d – \d+\.\d %\)/g, "");
    expect(alone).not.toMatch(/\d %/);
  });

  test("it counts counterexamples to stability, and lists what was not measured", () => {
    const page = evidencePage(result, result.models[1]!);
    expect(page).toContain(
      "of 8 images that are right when clean, a counterexample to stability was found for 1; 7 are undecided",
    );
    const gaps = page.slice(
      page.indexOf("## What was not measured"),
      page.indexOf("## Repeat the measurement"),
    );
    for (const each of [
      "L2 or L1",
      "Larger perturbations than L∞, ε = 0.1",
      "transfer",
      "only the model's scores",
      "Poisoning",
    ])
      expect(gaps).toContain(each);
    expect(gaps).not.toContain("white-box");
  });

  test("accuracy under corruptions stands where damage without an attacker belongs, and leaves the gaps", () => {
    const damaged = corrupted(result, { fog: 6, jpeg_compression: 8 });
    const page = evidencePage(damaged, result.models[1]!);
    // The mean of 6, 6, 8 and 8 of 10; shares of each image 1, 1, 1, 1, 1, 1, ½, ½, 0, 0, and z² images that are half right: meanInterval's.
    const mean =
      "Mean accuracy under 2 corruptions (fog, JPEG compression) at severities 1, 3: 70.0 % (95 % interval 41.3 – 87.6 %), 10 images each";
    expect(page).toContain(`| 15(4) | ${mean} |`);
    for (const text of [page, modelCard(damaged, result.models[1]!)]) {
      expect(text).toContain(`${mean}.`);
      expect(text).toContain("| fog | 60.0 % (31.3 – 83.2 %) | 60.0 % (31.3 – 83.2 %) |");
    }
    expect(page).toContain("Damage without an attacker: sensor faults");
    expect(page).not.toContain("noise, blur");
  });

  test("accuracy under corruptions of a model whose clean accuracy is false is false, too", () => {
    const warning = {
      code: "collapsed",
      severity: "serious",
      message: "m",
      measurements: ["robust/clean"],
    } as const;
    const damaged = { ...corrupted(result, { fog: 6 }), warnings: [warning] };
    const told = /10 images each \*\*\(a serious warning calls the clean accuracy false/g;
    expect(modelCard(damaged, result.models[1]!).match(told)).toHaveLength(1);
    expect(evidencePage(damaged, result.models[1]!).match(told)).toHaveLength(2);
    expect(evidencePage(damaged, result.models[0]!)).not.toMatch(told);
  });

  test("an attack that was not finished gives a bound, and says so", () => {
    const bounded = {
      ...result,
      measurements: result.measurements.map((m) =>
        m.kind === "white-box" && m.model === "robust"
          ? {
              ...m,
              unfinished: 1,
              perImage: {
                ...m.perImage!,
                unfinished: m.perImage!.index.map((i) => (i === 0 ? 1 : 0)),
              },
            }
          : m,
      ),
    };
    const page = evidencePage(bounded, bounded.models[1]!);
    expect(page).toMatch(/\| M2 \|.*≤ 70\.0 % .*7 of 10, 1 unfinished/);
    const { entries } = modelIndexOf(bounded, bounded.models[1]!);
    expect(JSON.stringify(entries)).toContain("unfinished: ≤ 70.0 %");
  });
});

describe("a number that a serious warning calls false", () => {
  const plain = evaluated([{ name: "m", images: "++++aa" }]);
  const message = "the gradient was zero";
  const id = "m/white-box/linf-0.1/pgd";
  const result: Result = {
    ...plain,
    warnings: [{ code: "zero-gradient", severity: "serious", message, measurements: [id] }],
  };
  const [model] = result.models as [Result["models"][number]];

  test("is not in the model-index, which says what it left out", () => {
    const { entries, leftOut } = modelIndexOf(result, model);
    expect(leftOut.map(({ kind }) => kind)).toEqual(["all-attacks"]);
    expect(JSON.stringify(entries)).not.toContain("robust_accuracy");
    expect(frontOf(modelCard(result, model))["model-index"]).toHaveLength(1);
  });

  test("has the warning in its row, and wherever the evidence cites it", () => {
    const page = evidencePage(result, model);
    for (const each of ["M2", "M3"]) {
      const row = page.split("\n").find((line) => line.startsWith(`| ${each} |`));
      expect(row).toContain(
        `**False number: The gradient was zero.** ${each === "M2" ? message : "As for M2."}`,
      );
      expect(row).not.toContain("An upper bound.");
    }
    const cited = page.match(/M[23]: [^;|]*/g)!;
    expect(cited.length).toBeGreaterThan(3);
    for (const each of cited) expect(each).toContain("a serious warning calls it false");
    expect(modelCard(result, model)).toContain("> **Do not rely on M2, M3.**");
  });
});

describe.each(HOSTILE)("names are text in documents: %j", (name) => {
  const result = resultOf(name);
  const model = result.models[1]!;

  test.each([
    ["model card", modelCard(result, model)],
    ["evidence", evidencePage(result, model)],
  ])("%s", (_, text) => {
    const body = text.replace(FRONT, "");
    // What our own words may have: two links of the sources, and the heading and tables that every page has.
    const own = body
      .replace(/<https:\/\/(?:doi\.org|eur-lex\.europa\.eu)\/[^>]*>/g, "")
      .replace(/(`{3,})sh\n[^\n]*\n\1/, "")
      .replace(/^> \*\*|^> /gm, "");
    expect(own).not.toMatch(/[<@]/);
    // No control character but the end of a line.
    expect(text).not.toMatch(/[^\P{Cc}\n]|\u202e|\p{Surrogate}/u);
    const bare = own.replace(/\\./g, "");
    expect(bare).not.toMatch(/[[\]~$]|::/);
    expect(bare.match(/`/g)).toHaveLength(body.includes("`--mean`") ? 8 : 2);
    // Every row of a table has the cells of its head.
    for (const block of body.split("\n\n").filter((each) => each.startsWith("|"))) {
      const cells = block.split("\n").map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(cells).size).toBe(1);
    }
    const headings = body.split("\n").filter((line) => line.startsWith("#"));
    expect(headings.filter((line) => line.startsWith("# "))).toHaveLength(1);
    expect(headings).not.toContain("# owned");
  });

  test("front matter", () => {
    for (const text of [modelCard(result, model), modelIndexBlock(modelIndexOf(result, model))]) {
      const front = frontOf(text);
      expect(Object.keys(front).sort()).toEqual(
        text.startsWith("---\nmodel-index")
          ? ["model-index"]
          : ["metrics", "model-index", "pipeline_tag", "tags"],
      );
      const [entry] = front["model-index"] as [{ name: string; results: { dataset: { type: string } }[] }];
      expect(typeof entry.name).toBe("string");
      expect(entry.results[0]!.dataset.type).toMatch(/^[a-z0-9][a-z0-9._-]*$/);
    }
  });

  test("the command is one line of code", () => {
    const [, , code] = /(`{3,})sh\n([\s\S]*?)\n\1\n/.exec(evidencePage(result, model)) ?? [];
    expect(code!.split("\n")).toHaveLength(1);
    expect(code).toMatch(/^npx holdfast evaluate /);
  });
});

test("the kept card is the one that huggingface_hub was held against", async () => {
  const name = 'a\n---\nlicense: mit # yes: "no"';
  const models = [{ name, images: "++++++++++++++aa----" }];
  const { dataset } = evaluated(models);
  const result = evaluated(models, { dataset: { ...dataset, classCounts: [10, 10] } });
  const card = modelCard(result, result.models[0]!);
  // scripts/fixtures/model_card.py reads it.
  await expect(card).toMatchFileSnapshot("../../test/fixtures/model-card.txt");
});

test("what is published has no folders of the machine that made it", () => {
  const made = resultOf("robust");
  const photos = "/home/ann/photos:test";
  const result = withoutFolders({
    ...made,
    dataset: { ...made.dataset, name: photos },
    models: made.models.map((model, i) => ({
      ...model,
      path: i === 0 ? "C:\\Users\\ann\\a.onnx" : "/home/ann/runs/b",
    })),
    statements: [`10 images of ${photos} and /home/ann/runs/b`],
    warnings: made.warnings.map((warning) => ({ ...warning, message: `look at ${photos}` })),
    limits: { notRun: ["PGD on /home/ann/runs/b"] },
  });
  expect([result.dataset.name, ...result.models.map(({ path }) => path)]).toEqual([
    "photos:test",
    "a.onnx",
    "b",
  ]);
  expect([result.statements, result.warnings[0]!.message, result.limits!.notRun]).toEqual([
    ["10 images of photos:test and b"],
    "look at photos:test",
    ["PGD on b"],
  ]);
  expect(modelCard(result, result.models[1]!)).not.toContain("ann");
});

test("one model of several is named", () => {
  const result = resultOf("robust");
  expect(() => chooseModel(result, undefined, "r.json")).toThrow(/has 2 models[\s\S]*--model: plain, robust/);
  expect(() => chooseModel(result, "robst", "r.json")).toThrow(
    /not a model of r\.json[\s\S]*Did you mean "robust"/,
  );
  expect(() => chooseModel(result, "x", "r.json")).toThrow(UsageError);
  expect(chooseModel(result, "plain", "r.json").name).toBe("plain");
});

test("a shard is refused: its numbers are of a part", () => {
  const marks = { tool: "a", models: "b", plan: "c", images: "d" };
  const shard = { index: 1, count: 2, images: 20, marks, notes: [] };
  const work = (): void => refuseShard({ ...resultOf("robust"), shard }, "r.json");
  expect(work).toThrow(InputError);
  expect(work).toThrow(/shard 1 of 2[\s\S]*holdfast merge/);
});
