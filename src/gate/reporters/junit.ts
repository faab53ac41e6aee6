import { describeAssertion, type AssertionVerdict, type Verdict } from "../check/verdict.js";

/**
 * Text for an element or an attribute in XML 1.0. Characters that XML cannot hold, even as references, are shown as their
 * code, and so are halves of surrogate pairs.
 */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, (character) => {
      return `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
    })
    .replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.codePointAt(0)};`);
}

/** JUnit's XML: one suite per model, one case per assertion. A warning passes, with its text as output. */
export function junit({ assertions, models, date }: Verdict): string {
  const suites = models.map(({ name }) => {
    const own = assertions.filter(({ model }) => model === name);
    return [
      `  <testsuite name="${escapeXml(name)}" tests="${own.length}" failures="${own.filter(isFailure).length}" timestamp="${escapeXml(date)}">`,
      ...own.map(caseOf),
      "  </testsuite>",
    ].join("\n");
  });
  const failures = assertions.filter(isFailure).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="holdfast check" tests="${assertions.length}" failures="${failures}">`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}

function isFailure({ level, outcome }: AssertionVerdict): boolean {
  return level === "error" && outcome !== "passed";
}

function caseOf(assertion: AssertionVerdict): string {
  const { model, metric, rule } = assertion;
  const words = escapeXml(describeAssertion(assertion));
  const open = `    <testcase classname="${escapeXml(model)}" name="${escapeXml(`${metric} ${rule}`)}"`;
  if (isFailure(assertion)) return `${open}><failure message="${words}"/></testcase>`;
  if (assertion.outcome === "passed") return `${open}/>`;
  return `${open}><system-out>warning: ${words}</system-out></testcase>`;
}
