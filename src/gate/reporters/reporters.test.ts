import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { describe, expect, test } from "vitest";
import type { AssertionVerdict, Verdict } from "../check/verdict.js";
import { REPORTERS } from "./index.js";
import { escapeMarkdown } from "./markdown.js";

/** What could be obeyed by whoever reads a report. */
const HOSTILE = [
  "a\n::error::owned",
  "a%0A::set-output name=x::y",
  "a,line=9,file=b::c",
  "</failure><script>alert(1)</script>",
  "\"'><img src=x onerror=alert(1)>",
  "]]>&amp;&lt;",
  "\u0000\u0007\u001b[31m\ud800\ufffe",
  "| x | ![x](https://evil.example) [y](javascript:z) `c` @everyone",
  "[link](1) {0} {{x}}",
  '=HYPERLINK("x")',
];

function verdictOf(name: string, level: AssertionVerdict["level"] = "error"): Verdict {
  const base = { model: name, level, line: 3 };
  return {
    kind: "check",
    schemaVersion: 1,
    tool: { name: "holdfast", version: "0.0.0" },
    date: "2020-01-01T00:00:00.000Z",
    config: `${name}.yaml`,
    dataset: { name, n: 10 },
    models: [{ name, path: name, sha256: "0".repeat(64), cached: false }],
    assertions: [
      { ...base, metric: "clean", rule: "min 0.8", outcome: "failed", found: name },
      { ...base, metric: "robust@linf:4/255", rule: "minLow 0.4", outcome: "passed", found: "50.0 %" },
    ],
    passed: level === "warn",
  };
}

describe("names become nothing but text", () => {
  test.each(HOSTILE)("JUnit: %j", (name) => {
    const xml = REPORTERS.junit(verdictOf(name));
    const root = parseXml(xml).root!;
    const [suite] = root.children.filter((child) => child instanceof XmlElement);
    const cases = suite!.children.filter((child) => child instanceof XmlElement);
    expect(cases.map((each) => each.name)).toEqual(["testcase", "testcase"]);
    const [failure, ...more] = cases[0]!.children.filter((child) => child instanceof XmlElement);
    expect([failure!.name, failure!.children, more]).toEqual(["failure", [], []]);
    // What XML can hold is read again as it was.
    if (!/[^\n\u0020-\ud7ff]/.test(name)) expect(suite!.attributes["name"]).toBe(name);
  });

  test.each(HOSTILE)("workflow commands: %j", (name) => {
    const lines = REPORTERS.github(verdictOf(name)).trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    const [, properties, data] = /^::error (.*?)::(.*)$/.exec(lines[0]!)!;
    expect(properties!.split(",").map((each) => each.split("=")[0])).toEqual(["file", "line", "title"]);
    const decoded = data!.replaceAll("%0A", "\n").replaceAll("%0D", "\r").replaceAll("%25", "%");
    expect(decoded).toContain(name);
  });

  test.each(HOSTILE)("SARIF: %j", (name) => {
    const log = JSON.parse(REPORTERS.sarif(verdictOf(name))) as {
      runs: {
        results: {
          message: { text: string };
          locations: { physicalLocation: { artifactLocation: { uri: string } } }[];
        }[];
      }[];
    };
    const [result, ...more] = log.runs[0]!.results;
    expect(more).toEqual([]);
    expect(result!.message.text).not.toMatch(/(?<!\\)(?:\\\\)*[[\]]/);
    expect(result!.message.text.replaceAll("{{", "").replaceAll("}}", "")).not.toMatch(/[{}]/);
    expect(result!.locations[0]!.physicalLocation.artifactLocation.uri).toMatch(/^[\w%.!~*'()/-]+$/);
  });

  test.each(HOSTILE)("Markdown: %j", (name) => {
    const text = REPORTERS.markdown(verdictOf(name));
    const rows = text.split("\n").filter((line) => line.startsWith("| ❌"));
    expect(rows).toHaveLength(1);
    // Five cells; nothing opens an element, a link, a picture, code or a mention.
    expect(rows[0]!.split(/(?<!\\)\|/)).toHaveLength(7);
    expect(rows[0]).not.toMatch(/<|@|(?<!\\)[[\]`*!]/);
  });
});

test.each([
  ["PGD-40 on photos (L∞, ε = 0.3): 5.0 % -- and no more.", undefined],
  ["# heading", "\\# heading"],
  ["- item", "\\- item"],
  ["1. item", "1\\. item"],
  ["0.1.0", undefined],
  ["-3 %", undefined],
  ["---", "\\---"],
  ["=== ", "&#61;&#61;&#61; "],
  ["http://x.example www.x.example", "http&#58;//x.example www&#46;x.example"],
  ["photos:test :smile:", "photos&#58;test &#58;smile:"],
  ["~a~ $b$ c^d^ |e| @f", "&#126;a&#126; &#36;b&#36; c&#94;d&#94; &#124;e&#124; &#64;f"],
  ["<b>&lt;", "&lt;b&gt;&amp;lt;"],
])("Markdown escapes what is markup, and leaves prose as it is: %j", (text, escaped = text) => {
  expect(escapeMarkdown(text)).toBe(escaped);
});

test("a warning that does not hold is no failure", () => {
  const verdict = verdictOf("m", "warn");
  expect(REPORTERS.junit(verdict)).toContain('failures="0"');
  expect(REPORTERS.github(verdict)).toMatch(/^::warning /);
  expect(REPORTERS.sarif(verdict)).toContain('"level": "warning"');
  expect(REPORTERS.terminal(verdict)).toMatch(/^warn {2}m: clean min 0\.8: m$/m);
});
