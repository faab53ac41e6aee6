import { describeAssertion, type AssertionVerdict, type Verdict } from "../check/verdict.js";

/** Lines for people; the caller makes them printable. */
export function terminal({ assertions, passed, models, dataset }: Verdict): string {
  const failed = assertions.filter(({ outcome }) => outcome !== "passed").length;
  const kept = models.filter(({ cached }) => cached).map(({ name }) => name);
  return [
    ...assertions.map((each) => `${markOf(each)}  ${describeAssertion(each)}`),
    "",
    `${passed ? "passed" : "failed"}: ${assertions.length - failed} of ${assertions.length} assertions hold on ${dataset.n} images of ${dataset.name}` +
      (kept.length === 0 ? "" : ` (unchanged since the last check: ${kept.join(", ")})`),
    "",
  ].join("\n");
}

function markOf({ outcome, level }: AssertionVerdict): string {
  if (outcome === "passed") return "ok  ";
  return level === "warn" ? "warn" : "FAIL";
}
