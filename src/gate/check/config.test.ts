import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { InputError } from "../../errors/index.js";
import { configJsonSchema } from "./config-schema.js";
import { parseConfig } from "./read-config.js";

const GOOD = `models: { production: model.onnx }
data: photos:test
threats:
  - { norm: linf, epsilon: 4/255 }
  - { epsilon: 0.1 }
budget: 1h30m
assert:
  clean: { min: 0.8, level: warn }
  robust@linf:4/255: { minLow: 0.4 }
  warnings.serious: { max: 0 }
baseline: main.result.json
`;

test("the published schema is the one that configurations are checked by", () => {
  // Made by scripts/generated.mjs.
  const published: unknown = JSON.parse(readFileSync("schemas/check.schema.json", "utf8"));
  expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

test("fractions, times and what is left out are filled in", () => {
  const { config, lineOf } = parseConfig(GOOD, "holdfast.yaml");
  expect(config).toEqual({
    models: { production: { path: "model.onnx" } },
    data: "photos:test",
    seed: 0,
    attack: "auto",
    threats: [
      { norm: "linf", epsilon: 4 / 255 },
      { norm: "linf", epsilon: 0.1 },
    ],
    budget: 5400,
    assert: {
      clean: { min: 0.8, level: "warn" },
      "robust@linf:4/255": { minLow: 0.4, level: "error" },
      "warnings.serious": { max: 0, level: "error" },
    },
    baseline: { path: "main.result.json", alpha: 0.05, level: "error" },
  });
  expect(lineOf(["assert", "robust@linf:4/255"])).toBe(9);
});

describe("what is wrong is named, with its line", () => {
  test.each<readonly [what: string, text: string, words: RegExp]>([
    [
      "an unknown key",
      GOOD.replace("budget", "bugdet"),
      /line 6: bugdet: there is no such field; did you mean budget\?/,
    ],
    [
      "an unknown key of a model",
      GOOD.replace("model.onnx", "{ path: m.onnx, meen: [0] }"),
      /line 1: models\.production\.meen: there is no such field; did you mean mean\?/,
    ],
    [
      "an unknown bound",
      GOOD.replace("minLow", "minLo"),
      /line 9: assert\.robust@linf:4\/255\.minLo: there is no such field; did you mean minLow\?/,
    ],
    [
      "an unknown metric",
      GOOD.replace("clean:", "cleen:"),
      /line 8: assert\.cleen: must be clean, corrupted, robust@NORM:ε/,
    ],
    [
      "a threat that is not measured",
      GOOD.replace("robust@linf:4/255", "robust@linf:8/255"),
      /line 9: .* is not among the threats/,
    ],
    ["a share in percent", GOOD.replace("0.8", "80"), /line 8: assert\.clean\.min/],
    [
      "no bound",
      GOOD.replace("max: 0", "level: warn"),
      /line 10: assert\.warnings\.serious: asserts nothing/,
    ],
    ["no time", GOOD.replace("1h30m", "soon"), /line 6: budget: must be a time such as/],
    ["an empty ball", GOOD.replace("epsilon: 0.1", "epsilon: 0"), /line 5: threats\.1\.epsilon/],
    ["no models", GOOD.replace("{ production: model.onnx }", "{}"), /line 1: models: must name a model/],
    ["a name that is a path", GOOD.replace("production", "../../x"), /must be a name such as production/],
    ["the same key twice", `${GOOD}data: other\n`, /line 12: .*unique/],
    ["an anchor", GOOD.replace("photos:test", "&a photos"), /line 2: anchors and aliases are not supported/],
    ["a circle", "models: &a { production: *a }\ndata: x\n", /line 1: anchors and aliases are not supported/],
    ["a tag", GOOD.replace("photos:test", "!!js/function photos"), /line 2: .*tag/i],
    ["no YAML", "models: [", /line 1/],
    ["nothing", "", /the file: /],
    ["a list", "- a\n", /the file: /],
    ["a deep nest", `models: ${"[".repeat(40_000)}`, /nested too deeply|line 1/],
    ["a prototype", GOOD.replace("production", "__proto__"), /models: must name a model/],
  ])("%s", (_, text, words) => {
    const read = (): unknown => parseConfig(text, "holdfast.yaml");
    expect(read).toThrow(InputError);
    expect(read).toThrow(words);
  });
});
