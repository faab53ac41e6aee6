import { describeAssertion, type Verdict } from "../check/verdict.js";

/** Plain text of a SARIF message (§3.11): brackets would be links, braces placeholders. */
export function escapeSarif(text: string): string {
  return text.replace(/[\\[\]]/g, "\\$&").replace(/[{}]/g, "$&$&");
}

/** SARIF 2.1.0: a result for every assertion that does not hold, at its line in the configuration. */
export function sarif({ tool, assertions, config }: Verdict): string {
  const failing = assertions.filter(({ outcome }) => outcome !== "passed");
  const ruleOf = (metric: string): string => metric.replace(/[@/].*$/, "");
  const rules = [...new Set(failing.map(({ metric }) => ruleOf(metric)))];
  const uri = config
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .split(/[/\\]/)
    .map(encodeURIComponent)
    .join("/");
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: tool.name,
            version: tool.version,
            rules: rules.map((id) => ({ id, shortDescription: { text: `holdfast check: ${id}` } })),
          },
        },
        results: failing.map((each) => ({
          ruleId: ruleOf(each.metric),
          level: each.level === "warn" ? "warning" : "error",
          message: { text: escapeSarif(describeAssertion(each)) },
          locations: [{ physicalLocation: { artifactLocation: { uri }, region: { startLine: each.line } } }],
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
