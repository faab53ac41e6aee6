import { describeAssertion, type Verdict } from "../check/verdict.js";

/** Data of a workflow command, escaped as in @actions/core, so that no line break starts another command. */
export function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** A property of a workflow command, which also ends at a comma or a colon. */
export function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Annotations on the configuration, as GitHub's workflow commands. */
export function github({ assertions, config }: Verdict): string {
  return assertions
    .filter(({ outcome }) => outcome !== "passed")
    .map((each) => {
      const command = each.level === "warn" ? "warning" : "error";
      const title = escapeProperty(`${each.model}: ${each.metric}`);
      const file = escapeProperty(config);
      return `::${command} file=${file},line=${each.line},title=${title}::${escapeData(describeAssertion(each))}\n`;
    })
    .join("");
}
